//! What integrators and the console talk to; needs an API key.

mod calendars;
mod case_actions;
mod case_level;
mod cases;
mod cursor;
mod loop_figures;
mod outbox;
mod page;
mod response_view;
mod responses;
mod root_causes;
mod rules;
mod staff;
mod summary;
mod surveys;
mod teams;
mod themes;
mod touchpoints;

use actix_web::http::Method;
use counterbell_shared::problem::ProblemCode;

use super::operations::{Operation, operation};

/// Every operation that needs an API key.
pub fn operations() -> Vec<Operation> {
    const RESPONSE: &str = "/v1/admin/responses/{response_id}";
    const THEME: &str = "/v1/admin/sites/{site_key}/theme";
    const TOUCHPOINT: &str = "/v1/admin/sites/{site_key}/touchpoints/{touchpoint}";
    const CALENDAR: &str = "/v1/admin/sites/{site_key}/calendar";
    const STAFF: &str = "/v1/admin/sites/{site_key}/staff";
    const PERSON: &str = "/v1/admin/sites/{site_key}/staff/{person_id}";
    const TEAM: &str = "/v1/admin/sites/{site_key}/teams/{name}";
    const SURVEY: &str = "/v1/admin/surveys/{name}";
    const OPEN_CASES: &str = "/v1/admin/rules/{name}/open-cases";
    const ROOT_CAUSE: &str = "/v1/admin/root-causes/{name}";
    const RULE: &str = "/v1/admin/rules/{name}";
    vec![
        operation(Method::GET, "/v1/admin/responses", responses::list_responses, "List responses, newest first"),
        operation(Method::GET, RESPONSE, responses::get_response, "One response"),
        operation(
            Method::DELETE,
            RESPONSE,
            responses::delete_response,
            "Delete a response with all that belongs to it",
        ),
        operation(
            Method::POST,
            "/v1/admin/responses/{response_id}/release",
            responses::release_response,
            "Count a response that was held back as suspected spam, and tell staff of it",
        ),
        operation(Method::GET, "/v1/admin/surveys", surveys::list_surveys, "List surveys by name, templates included"),
        operation(Method::GET, SURVEY, surveys::get_survey, "One version of a survey, with its document")
            .or(ProblemCode::NotFound),
        operation(Method::PUT, SURVEY, surveys::put_survey, "Store a document as a new version, a draft")
            .or(ProblemCode::InvalidSurvey),
        operation(
            Method::POST,
            "/v1/admin/surveys/{name}/publish",
            surveys::publish_survey,
            "Put a version in force, the newest when none is named",
        )
        .or(ProblemCode::NotFound),
        operation(Method::GET, "/v1/admin/rules", rules::list_rules, "List alert rules by name"),
        // Before what has any name in this place.
        operation(
            Method::POST,
            "/v1/admin/rules/test",
            rules::rehearse_rules,
            "Run stored responses through alert rules, and tell nobody",
        )
        .or(ProblemCode::InvalidRule),
        operation(Method::GET, RULE, rules::get_rule, "One version of an alert rule, with its document")
            .or(ProblemCode::NotFound),
        operation(Method::PUT, RULE, rules::put_rule, "Put a document in force as the next version of an alert rule")
            .or(ProblemCode::InvalidRule),
        operation(Method::DELETE, RULE, rules::delete_rule, "Retire an alert rule"),
        operation(Method::GET, THEME, themes::get_theme, "The theme of a site").or(ProblemCode::NotFound),
        operation(Method::PUT, THEME, themes::put_theme, "Check a theme and put it in force")
            .or(ProblemCode::InvalidTheme),
        operation(Method::DELETE, THEME, themes::delete_theme, "Take the theme away"),
        operation(
            Method::GET,
            "/v1/admin/sites/{site_key}/touchpoints",
            touchpoints::list_touchpoints,
            "List touchpoints of a site: those that are registered, and new ones that responses name",
        ),
        operation(Method::GET, TOUCHPOINT, touchpoints::get_touchpoint, "One touchpoint that is registered")
            .or(ProblemCode::NotFound),
        operation(Method::PUT, TOUCHPOINT, touchpoints::put_touchpoint, "Register a touchpoint, or change it")
            .or(ProblemCode::InvalidTouchpoint),
        operation(Method::DELETE, TOUCHPOINT, touchpoints::delete_touchpoint, "Register a touchpoint no more"),
        operation(Method::GET, CALENDAR, calendars::get_calendar, "The opening hours of a site")
            .or(ProblemCode::NotFound),
        operation(Method::PUT, CALENDAR, calendars::put_calendar, "Check opening hours and put them in force")
            .or(ProblemCode::InvalidCalendar),
        operation(Method::DELETE, CALENDAR, calendars::delete_calendar, "Take the opening hours away"),
        operation(Method::GET, STAFF, staff::list_staff, "List the people of a site in the order in which they joined"),
        operation(Method::POST, STAFF, staff::add_person, "Make somebody staff of a site, by address")
            .or_any([ProblemCode::AddressTaken, ProblemCode::InvalidStaff]),
        operation(Method::GET, PERSON, staff::get_person, "Somebody of a site, or who was"),
        operation(
            Method::PATCH,
            PERSON,
            staff::patch_person,
            "Change a person: what is left out stays, null takes away",
        )
        .or_any([ProblemCode::AddressTaken, ProblemCode::InvalidStaff]),
        operation(
            Method::DELETE,
            PERSON,
            staff::remove_person,
            "Somebody leaves the site, and is told no more; what that touches",
        ),
        operation(
            Method::GET,
            "/v1/admin/sites/{site_key}/teams",
            teams::list_teams,
            "List the teams of a site by name",
        ),
        operation(Method::GET, TEAM, teams::get_team, "One team").or(ProblemCode::NotFound),
        operation(Method::PUT, TEAM, teams::put_team, "Store a team with all who are in it")
            .or(ProblemCode::InvalidTeam),
        operation(Method::DELETE, TEAM, teams::delete_team, "Take a team away").or(ProblemCode::TeamNeeded),
        operation(
            Method::GET,
            OPEN_CASES,
            case_level::preview_open_cases,
            "How many open cases the rule's service level would change, and how many would be late by that",
        )
        .or(ProblemCode::NotFound),
        operation(
            Method::POST,
            OPEN_CASES,
            case_level::change_open_cases,
            "Give open cases the service level that their rule has now",
        )
        .or_any([ProblemCode::NotFound, ProblemCode::InvalidAction]),
        operation(Method::GET, "/v1/admin/cases", cases::list_cases, "List cases, newest first or by what is due next"),
        // Before what has a number at this place.
        operation(
            Method::POST,
            "/v1/admin/cases/actions",
            case_actions::act_on_cases,
            "Do the same of up to 1,000 cases, of each by itself",
        )
        .or(ProblemCode::InvalidAction),
        operation(
            Method::GET,
            "/v1/admin/cases/{number}",
            cases::get_case,
            "One case with its responses, notes and links, and how late it is",
        ),
        operation(
            Method::GET,
            "/v1/admin/cases/{number}/timeline",
            cases::get_timeline,
            "What happened to a case, who did it, when and by which means",
        ),
        operation(
            Method::POST,
            "/v1/admin/cases/{number}/actions",
            case_actions::act_on_case,
            "Do something of a case: take it, hand it on, note, resolve ...",
        )
        .or_any(case_actions::REFUSALS),
        operation(
            Method::GET,
            "/v1/admin/root-causes",
            root_causes::list_root_causes,
            "List what cases of a site can be resolved with",
        ),
        operation(Method::PUT, ROOT_CAUSE, root_causes::put_root_cause, "Store a root cause, or change its label")
            .or(ProblemCode::InvalidRootCause),
        operation(Method::DELETE, ROOT_CAUSE, root_causes::delete_root_cause, "Take a root cause away"),
        operation(
            Method::GET,
            "/v1/admin/loop",
            loop_figures::get_loop,
            "How many cases there are, and how fast they are taken, answered and resolved",
        ),
        operation(Method::GET, "/v1/admin/summary", summary::get_summary, "The figures of one metric"),
        operation(Method::GET, "/v1/admin/outbox", outbox::list_outbox, "List messages, newest first"),
        operation(
            Method::GET,
            "/v1/admin/outbox/{message_id}",
            outbox::get_message,
            "One message, with every try to deliver it",
        ),
        operation(
            Method::POST,
            "/v1/admin/outbox/{message_id}/resend",
            outbox::resend_message,
            "Send a parked message again, or a pending one now",
        ),
    ]
}
