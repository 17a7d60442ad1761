//! A row of each table, with all its columns: `Queryable` does not compile when one is forgotten.

use diesel::prelude::*;

use crate::db::schema::{
    alert_group_responses, alert_groups, alert_rules, alerts, api_keys, attempts, case_notes, case_responses, cases,
    customer_keys, erased_responses, journal, link_keys, members, outbox, people, person_addresses, response_additions,
    responses, root_causes, score_days, site_counters, site_origins, sites, surveys, team_members, teams, timers,
    touchpoint_alerts, touchpoints, triage_queue,
};

/// A struct with every column of a table.
macro_rules! row {
    ($(#[$attribute:meta])* $name:ident of $table:ident { $($column:ident: $type:ty,)* }) => {
        #[doc = concat!("A row of `", stringify!($table), "`.")]
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Queryable, Insertable)]
        #[diesel(table_name = $table, treat_none_as_default_value = false)]
        $(#[$attribute])*
        pub struct $name { $(pub $column: $type,)* }
    };
}

row! {
    #[derive(AsChangeset)]
    #[diesel(treat_none_as_null = true)]
    SiteRow of sites {
        id: i64,
        site_key: String,
        name: String,
        created_at: i64,
        retention_days: Option<i32>,
        rate_limit: Option<i32>,
        daily_cap: Option<i32>,
        min_answer_ms: Option<i32>,
        purged_before: i64,
        theme: Option<String>,
        words: Option<String>,
        zone: String,
        calendar: Option<String>,
        mail_personal: bool,
    }
}

row! { SiteOriginRow of site_origins { site_id: i64, origin: String, } }
row! { TeamMemberRow of team_members { site_id: i64, team: String, person_id: i64, joined_at: i64, } }
row! { AddressRow of person_addresses { email_key: String, person_id: i64, email: String, main: bool, } }

row! {
    #[derive(AsChangeset)]
    #[diesel(treat_none_as_null = true)]
    PersonRow of people {
        id: i64,
        name: String,
        language: Option<String>,
        zone: Option<String>,
        link_generation: i32,
        created_at: i64,
    }
}

row! {
    MemberRow of members {
        site_id: i64,
        person_id: i64,
        manager_id: Option<i64>,
        absent_from: Option<i64>,
        absent_to: Option<i64>,
        joined_at: i64,
        left_at: Option<i64>,
    }
}

row! {
    #[derive(AsChangeset)]
    #[diesel(treat_none_as_null = true)]
    TeamRow of teams {
        site_id: i64,
        name: String,
        label: String,
        created_at: i64,
        removed_at: Option<i64>,
        turn: i64,
    }
}

row! {
    TouchpointRow of touchpoints {
        site_id: i64,
        name: String,
        label: String,
        owner_id: Option<i64>,
        team: Option<String>,
        calendar: Option<String>,
        zone: Option<String>,
        created_at: i64,
    }
}

row! {
    AlertRuleRow of alert_rules {
        site_id: i64,
        name: String,
        version: i32,
        document: String,
        created_at: i64,
        retired_at: Option<i64>,
    }
}

row! {
    SurveyCopy of surveys {
        site_id: i64,
        name: String,
        version: i32,
        document: String,
        created_at: i64,
        published_at: Option<i64>,
    }
}

row! {
    ApiKeyRow of api_keys {
        key_id: String,
        site_id: Option<i64>,
        name: String,
        secret_sha256: Vec<u8>,
        created_at: i64,
        revoked_at: Option<i64>,
    }
}

row! {
    LinkKeyRow of link_keys {
        key_id: i64,
        secret: Vec<u8>,
        created_at: i64,
        expires_at: Option<i64>,
    }
}

row! {
    ResponseCopy of responses {
        site_id: i64,
        response_id: Vec<u8>,
        touchpoint: String,
        survey: String,
        survey_version: i32,
        metric: String,
        score: i32,
        comment: Option<String>,
        order_ref: Option<String>,
        customer_ref: Option<String>,
        contact_email: Option<String>,
        locale: Option<String>,
        page_url: Option<String>,
        channel: String,
        created_at: i64,
        received_at: i64,
        held: Option<String>,
        answers: Option<String>,
        complete: bool,
        revision: i32,
    }
}

row! {
    AdditionCopy of response_additions {
        site_id: i64,
        response_id: Vec<u8>,
        revision: i32,
        survey_version: i32,
        score: i32,
        comment: Option<String>,
        answers: Option<String>,
        received_at: i64,
    }
}

row! { ErasedCopy of erased_responses { site_id: i64, response_id: Vec<u8>, erased_at: i64, } }
row! { AlertCopy of alerts { site_id: i64, response_id: Vec<u8>, rule: String, fired_at: i64, } }

row! {
    AlertGroupCopy of alert_groups {
        site_id: i64,
        group_id: Vec<u8>,
        person_id: i64,
        rule: String,
        touchpoint: Option<String>,
        opened_at: i64,
        ends_at: i64,
        told: i32,
        closed_at: Option<i64>,
        kind: String,
    }
}

row! { AlertGroupResponseCopy of alert_group_responses { site_id: i64, group_id: Vec<u8>, response_id: Vec<u8>, } }

row! {
    TouchpointAlertRow of touchpoint_alerts {
        site_id: i64,
        rule: String,
        touchpoint: String,
        metric: String,
        day: i32,
        fired_at: i64,
        told_at: Option<i64>,
    }
}

row! {
    TriageCopy of triage_queue {
        site_id: i64,
        response_id: Vec<u8>,
        revision: i32,
        due_at: i64,
        attempts: i32,
        last_error: Option<String>,
        parked_at: Option<i64>,
    }
}

row! {
    TimerRow of timers {
        site_id: i64,
        kind: String,
        subject: Vec<u8>,
        due_at: i64,
        attempts: i32,
        last_error: Option<String>,
        parked_at: Option<i64>,
    }
}

row! {
    OutboxCopy of outbox {
        site_id: i64,
        message_id: Vec<u8>,
        kind: String,
        lane: String,
        destination: String,
        subject_kind: String,
        subject_id: Vec<u8>,
        payload: String,
        dedupe_key: Option<String>,
        state: String,
        leased: bool,
        attempts: i32,
        resent_after: i32,
        due_at: i64,
        last_error: Option<String>,
        created_at: i64,
        finished_at: Option<i64>,
    }
}

row! {
    AttemptCopy of attempts {
        site_id: i64,
        message_id: Vec<u8>,
        attempt: i32,
        started_at: i64,
        finished_at: i64,
        outcome: String,
        error: Option<String>,
    }
}

row! { SiteCounterRow of site_counters { site_id: i64, journal_seq: i64, journal_oldest: i64, case_number: i64, } }

row! {
    JournalCopy of journal {
        site_id: i64,
        seq: i64,
        at: i64,
        actor: String,
        means: String,
        kind: String,
        subject: String,
        data: String,
    }
}

row! {
    ScoreDayCopy of score_days {
        site_id: i64,
        metric: String,
        day: i32,
        touchpoint: String,
        n0: i64,
        n1: i64,
        n2: i64,
        n3: i64,
        n4: i64,
        n5: i64,
        n6: i64,
        n7: i64,
        n8: i64,
        n9: i64,
        n10: i64,
    }
}

row! {
    #[derive(Selectable, AsChangeset)]
    #[expect(missing_docs, reason = "the columns of migrations/")]
    #[diesel(treat_none_as_null = true, primary_key(site_id, case_id))]
    CaseRow of cases {
        site_id: i64,
        case_id: Vec<u8>,
        number: i64,
        state: String,
        owner_id: Option<i64>,
        team: Option<String>,
        priority: String,
        rule: String,
        rule_version: i32,
        touchpoint: String,
        metric: String,
        score: i32,
        opened_at: i64,
        acknowledged_at: Option<i64>,
        first_acknowledged_at: Option<i64>,
        acknowledge_by: Option<i64>,
        first_answer_at: Option<i64>,
        answer_by: Option<i64>,
        waiting_since: Option<i64>,
        customer_answered_at: Option<i64>,
        resolved_at: Option<i64>,
        first_resolved_at: Option<i64>,
        closed_at: Option<i64>,
        root_cause: Option<String>,
        action_taken: Option<String>,
        nothing_to_do: Option<String>,
        response_count: i64,
        merged_into: Option<i64>,
        version: i64,
        details: String,
        acknowledge_late_ms: Option<i64>,
        answer_late_ms: Option<i64>,
    }
}

row! { CaseResponseRow of case_responses { site_id: i64, response_id: Vec<u8>, case_id: Vec<u8>, joined_at: i64, } }
row! { CustomerKeyRow of customer_keys { site_id: i64, customer_key: Vec<u8>, response_id: Vec<u8>, at: i64, } }
row! { RootCauseRow of root_causes { site_id: i64, name: String, label: String, created_at: i64, removed_at: Option<i64>, } }

row! {
    #[expect(missing_docs, reason = "the columns of migrations/")]
    NoteRow of case_notes {
        site_id: i64,
        note_id: Vec<u8>,
        case_id: Vec<u8>,
        at: i64,
        person_id: Option<i64>,
        kind: String,
        text: String,
    }
}
