//! The tables, as Diesel sees them on both databases.

diesel::table! {
    sites (id) {
        id -> BigInt,
        site_key -> Text,
        name -> Text,
        created_at -> BigInt,
        retention_days -> Nullable<Integer>,
        rate_limit -> Nullable<Integer>,
        daily_cap -> Nullable<Integer>,
        min_answer_ms -> Nullable<Integer>,
        purged_before -> BigInt,
        theme -> Nullable<Text>,
        words -> Nullable<Text>,
        zone -> Text,
        calendar -> Nullable<Text>,
        mail_personal -> Bool,
    }
}

diesel::table! {
    site_origins (site_id, origin) {
        site_id -> BigInt,
        origin -> Text,
    }
}

diesel::table! {
    people (id) {
        id -> BigInt,
        name -> Text,
        language -> Nullable<Text>,
        zone -> Nullable<Text>,
        link_generation -> Integer,
        created_at -> BigInt,
    }
}

diesel::table! {
    person_addresses (email_key) {
        email_key -> Text,
        person_id -> BigInt,
        email -> Text,
        main -> Bool,
    }
}

diesel::table! {
    members (site_id, person_id) {
        site_id -> BigInt,
        person_id -> BigInt,
        manager_id -> Nullable<BigInt>,
        absent_from -> Nullable<BigInt>,
        absent_to -> Nullable<BigInt>,
        joined_at -> BigInt,
        left_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    teams (site_id, name) {
        site_id -> BigInt,
        name -> Text,
        label -> Text,
        created_at -> BigInt,
        removed_at -> Nullable<BigInt>,
        turn -> BigInt,
    }
}

diesel::table! {
    team_members (site_id, team, person_id) {
        site_id -> BigInt,
        team -> Text,
        person_id -> BigInt,
        joined_at -> BigInt,
    }
}

diesel::table! {
    touchpoints (site_id, name) {
        site_id -> BigInt,
        name -> Text,
        label -> Text,
        owner_id -> Nullable<BigInt>,
        team -> Nullable<Text>,
        calendar -> Nullable<Text>,
        zone -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    alert_rules (site_id, name, version) {
        site_id -> BigInt,
        name -> Text,
        version -> Integer,
        document -> Text,
        created_at -> BigInt,
        retired_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    api_keys (key_id) {
        key_id -> Text,
        site_id -> Nullable<BigInt>,
        name -> Text,
        secret_sha256 -> Binary,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    link_keys (key_id) {
        key_id -> BigInt,
        secret -> Binary,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    responses (site_id, response_id) {
        site_id -> BigInt,
        response_id -> Binary,
        touchpoint -> Text,
        survey -> Text,
        survey_version -> Integer,
        metric -> Text,
        score -> Integer,
        comment -> Nullable<Text>,
        order_ref -> Nullable<Text>,
        customer_ref -> Nullable<Text>,
        contact_email -> Nullable<Text>,
        locale -> Nullable<Text>,
        page_url -> Nullable<Text>,
        channel -> Text,
        created_at -> BigInt,
        received_at -> BigInt,
        held -> Nullable<Text>,
        answers -> Nullable<Text>,
        complete -> Bool,
        revision -> Integer,
    }
}

diesel::table! {
    surveys (site_id, name, version) {
        site_id -> BigInt,
        name -> Text,
        version -> Integer,
        document -> Text,
        created_at -> BigInt,
        published_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    score_days (site_id, metric, day, touchpoint) {
        site_id -> BigInt,
        metric -> Text,
        day -> Integer,
        touchpoint -> Text,
        n0 -> BigInt,
        n1 -> BigInt,
        n2 -> BigInt,
        n3 -> BigInt,
        n4 -> BigInt,
        n5 -> BigInt,
        n6 -> BigInt,
        n7 -> BigInt,
        n8 -> BigInt,
        n9 -> BigInt,
        n10 -> BigInt,
    }
}

diesel::table! {
    search_queue (site_id, seq) {
        site_id -> BigInt,
        seq -> BigInt,
        response_id -> Binary,
    }
}

diesel::table! {
    response_additions (site_id, response_id, revision) {
        site_id -> BigInt,
        response_id -> Binary,
        revision -> Integer,
        survey_version -> Integer,
        score -> Integer,
        comment -> Nullable<Text>,
        answers -> Nullable<Text>,
        received_at -> BigInt,
    }
}

diesel::table! {
    erased_responses (site_id, response_id) {
        site_id -> BigInt,
        response_id -> Binary,
        erased_at -> BigInt,
    }
}

diesel::table! {
    alerts (site_id, response_id, rule) {
        site_id -> BigInt,
        response_id -> Binary,
        rule -> Text,
        fired_at -> BigInt,
    }
}

diesel::table! {
    alert_groups (site_id, group_id) {
        site_id -> BigInt,
        group_id -> Binary,
        person_id -> BigInt,
        rule -> Text,
        touchpoint -> Nullable<Text>,
        opened_at -> BigInt,
        ends_at -> BigInt,
        told -> Integer,
        closed_at -> Nullable<BigInt>,
        kind -> Text,
    }
}

diesel::table! {
    alert_group_responses (site_id, response_id, group_id) {
        site_id -> BigInt,
        group_id -> Binary,
        response_id -> Binary,
    }
}

diesel::table! {
    touchpoint_alerts (site_id, rule, touchpoint, metric) {
        site_id -> BigInt,
        rule -> Text,
        touchpoint -> Text,
        metric -> Text,
        day -> Integer,
        fired_at -> BigInt,
        told_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    journal (site_id, seq) {
        site_id -> BigInt,
        seq -> BigInt,
        at -> BigInt,
        actor -> Text,
        means -> Text,
        kind -> Text,
        subject -> Text,
        data -> Text,
    }
}

diesel::table! {
    site_counters (site_id) {
        site_id -> BigInt,
        journal_seq -> BigInt,
        journal_oldest -> BigInt,
        case_number -> BigInt,
    }
}

diesel::table! {
    journal_epoch (epoch) {
        epoch -> BigInt,
    }
}

diesel::table! {
    triage_queue (site_id, response_id) {
        site_id -> BigInt,
        response_id -> Binary,
        revision -> Integer,
        due_at -> BigInt,
        attempts -> Integer,
        last_error -> Nullable<Text>,
        parked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    outbox (site_id, message_id) {
        site_id -> BigInt,
        message_id -> Binary,
        kind -> Text,
        lane -> Text,
        destination -> Text,
        subject_kind -> Text,
        subject_id -> Binary,
        payload -> Text,
        dedupe_key -> Nullable<Text>,
        state -> Text,
        leased -> Bool,
        attempts -> Integer,
        resent_after -> Integer,
        due_at -> BigInt,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    attempts (site_id, message_id, attempt) {
        site_id -> BigInt,
        message_id -> Binary,
        attempt -> Integer,
        started_at -> BigInt,
        finished_at -> BigInt,
        outcome -> Text,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    timers (site_id, kind, subject) {
        site_id -> BigInt,
        kind -> Text,
        subject -> Binary,
        due_at -> BigInt,
        attempts -> Integer,
        last_error -> Nullable<Text>,
        parked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    cases (site_id, case_id) {
        site_id -> BigInt,
        case_id -> Binary,
        number -> BigInt,
        state -> Text,
        owner_id -> Nullable<BigInt>,
        team -> Nullable<Text>,
        priority -> Text,
        rule -> Text,
        rule_version -> Integer,
        touchpoint -> Text,
        metric -> Text,
        score -> Integer,
        opened_at -> BigInt,
        acknowledged_at -> Nullable<BigInt>,
        first_acknowledged_at -> Nullable<BigInt>,
        acknowledge_by -> Nullable<BigInt>,
        first_answer_at -> Nullable<BigInt>,
        answer_by -> Nullable<BigInt>,
        waiting_since -> Nullable<BigInt>,
        customer_answered_at -> Nullable<BigInt>,
        resolved_at -> Nullable<BigInt>,
        first_resolved_at -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        root_cause -> Nullable<Text>,
        action_taken -> Nullable<Text>,
        nothing_to_do -> Nullable<Text>,
        response_count -> BigInt,
        merged_into -> Nullable<BigInt>,
        version -> BigInt,
        details -> Text,
        acknowledge_late_ms -> Nullable<BigInt>,
        answer_late_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    case_responses (site_id, response_id) {
        site_id -> BigInt,
        response_id -> Binary,
        case_id -> Binary,
        joined_at -> BigInt,
    }
}

diesel::table! {
    case_notes (site_id, note_id) {
        site_id -> BigInt,
        note_id -> Binary,
        case_id -> Binary,
        at -> BigInt,
        person_id -> Nullable<BigInt>,
        kind -> Text,
        text -> Text,
    }
}

diesel::table! {
    customer_keys (site_id, customer_key, response_id) {
        site_id -> BigInt,
        customer_key -> Binary,
        response_id -> Binary,
        at -> BigInt,
    }
}

diesel::table! {
    root_causes (site_id, name) {
        site_id -> BigInt,
        name -> Text,
        label -> Text,
        created_at -> BigInt,
        removed_at -> Nullable<BigInt>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    alert_group_responses,
    alert_groups,
    alert_rules,
    alerts,
    api_keys,
    attempts,
    case_notes,
    case_responses,
    cases,
    customer_keys,
    erased_responses,
    journal,
    journal_epoch,
    link_keys,
    members,
    outbox,
    people,
    person_addresses,
    response_additions,
    responses,
    root_causes,
    score_days,
    search_queue,
    site_counters,
    site_origins,
    sites,
    surveys,
    team_members,
    teams,
    timers,
    touchpoint_alerts,
    touchpoints,
    triage_queue
);
