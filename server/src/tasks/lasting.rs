//! What lasts is told when it begins and when it ends.

/// Whether something is the case; each change is told once.
#[derive(Debug, Default)]
pub struct Lasting(bool);

impl Lasting {
    /// It is the case now; whether it was not before.
    pub fn begins(&mut self) -> bool {
        !std::mem::replace(&mut self.0, true)
    }

    /// It is not the case any more; whether it was before.
    pub fn ends(&mut self) -> bool {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_once() {
        let mut lasting = Lasting::default();
        assert!(!lasting.ends(), "it never began");
        assert_eq!([lasting.begins(), lasting.begins(), lasting.ends(), lasting.ends()], [true, false, true, false]);
        assert!(lasting.begins());
    }
}
