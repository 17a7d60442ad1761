/// Counts the opening hours of the place whose case it is. Times are Unix ms, durations ms of open time.
///
/// It always answers. Where no opening hours are in reach, whoever implements it counts all time as open: a due time that is
/// too early is told, one that never comes is not.
pub trait Clock {
    /// The first moment by which it was open for `open_ms` since `from`; `from` itself for none.
    fn due(&self, from: i64, open_ms: i64) -> i64;

    /// The last moment from which it is open for `open_ms` until `at`; `at` itself for none.
    fn before(&self, at: i64, open_ms: i64) -> i64;

    /// How long it is open between two moments; 0 when `to` is not after `from`.
    fn open_ms(&self, from: i64, to: i64) -> i64;

    /// `at` if it is open then, else when it opens next.
    fn next_open(&self, at: i64) -> i64;
}
