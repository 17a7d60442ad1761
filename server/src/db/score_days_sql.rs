//! Texts of the rollup's statements. Macros, because `concat!` takes no constants.

macro_rules! insert_score_days {
    () => {
        "INSERT INTO score_days (site_id, metric, day, touchpoint, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10)"
    };
}

macro_rules! add_on_conflict {
    () => {
        "ON CONFLICT (site_id, metric, day, touchpoint) DO UPDATE SET n0 = score_days.n0 + excluded.n0, \
         n1 = score_days.n1 + excluded.n1, n2 = score_days.n2 + excluded.n2, n3 = score_days.n3 + excluded.n3, \
         n4 = score_days.n4 + excluded.n4, n5 = score_days.n5 + excluded.n5, n6 = score_days.n6 + excluded.n6, \
         n7 = score_days.n7 + excluded.n7, n8 = score_days.n8 + excluded.n8, n9 = score_days.n9 + excluded.n9, \
         n10 = score_days.n10 + excluded.n10"
    };
}

/// What `insert_score_days!` takes after the keys, from rows of `responses`.
macro_rules! count_scores {
    () => {
        "count(*) FILTER (WHERE score = 0) AS n0, count(*) FILTER (WHERE score = 1) AS n1, \
         count(*) FILTER (WHERE score = 2) AS n2, count(*) FILTER (WHERE score = 3) AS n3, \
         count(*) FILTER (WHERE score = 4) AS n4, count(*) FILTER (WHERE score = 5) AS n5, \
         count(*) FILTER (WHERE score = 6) AS n6, count(*) FILTER (WHERE score = 7) AS n7, \
         count(*) FILTER (WHERE score = 8) AS n8, count(*) FILTER (WHERE score = 9) AS n9, \
         count(*) FILTER (WHERE score = 10) AS n10"
    };
}
