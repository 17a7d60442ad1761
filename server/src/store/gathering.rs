//! How many responses a commit is worth waiting for.

/// Customers who were answered together come again together. The first of them would have a commit to itself, and most
/// of its cost is the disk's; one who comes alone must not wait.
#[derive(Debug)]
pub struct Gathering {
    /// Mean of the last batches, later ones counting more.
    usual: f32,
    most: usize,
}

impl Gathering {
    /// Never for more than `most`; for nobody yet.
    pub const fn up_to(most: usize) -> Self {
        Self { usual: 1.0, most }
    }

    /// Three quarters of a usual batch: the last ones may have left.
    pub fn enough(&self) -> usize {
        ((self.usual * 0.75) as usize).min(self.most)
    }

    /// So many shared a commit.
    pub fn shared(&mut self, count: usize) {
        self.usual += (count as f32 - self.usual) / 8.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(gathering: &mut Gathering, counts: impl IntoIterator<Item = usize>) -> usize {
        for count in counts {
            gathering.shared(count);
        }
        gathering.enough()
    }

    #[test]
    fn nobody_is_waited_for_by_one_or_two_at_a_time() {
        let mut gathering = Gathering::up_to(12);
        assert!(gathering.enough() <= 1);
        assert!(after(&mut gathering, [1; 100]) <= 1);
        assert!(after(&mut gathering, [2; 100]) <= 1);
    }

    #[test]
    fn large_batches_are_waited_for_until_they_stay_away() {
        let mut gathering = Gathering::up_to(12);
        assert_eq!(after(&mut gathering, [10; 100]), 7);
        assert_eq!(after(&mut gathering, [500; 100]), 12);
        assert!(after(&mut gathering, [1; 100]) <= 1);
        assert_eq!(after(&mut Gathering::up_to(1), [500; 100]), 1);
    }
}
