//! The tables, as Diesel sees them on both databases.

diesel::table! {
    sites (id) {
        id -> BigInt,
        site_key -> Text,
        name -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    site_origins (site_id, origin) {
        site_id -> BigInt,
        origin -> Text,
    }
}

diesel::table! {
    site_recipients (site_id, email) {
        site_id -> BigInt,
        email -> Text,
    }
}

diesel::table! {
    alert_rules (site_id, name) {
        site_id -> BigInt,
        name -> Text,
        bands -> Text,
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
    outbox (site_id, message_id) {
        site_id -> BigInt,
        message_id -> Binary,
        kind -> Text,
        recipient -> Text,
        response_id -> Binary,
        rule -> Text,
        state -> Text,
        attempts -> Integer,
        next_attempt_at -> BigInt,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    alert_rules,
    alerts,
    api_keys,
    outbox,
    responses,
    site_origins,
    site_recipients,
    sites
);
