//! Who asks, and for which sites.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use counterbell_shared::SiteKey;
use counterbell_shared::problem::ProblemCode;
use utoipa::PartialSchema as _;
use utoipa::openapi::Required;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};

use super::query;
use super::role::{AtLeast, Role};
use crate::db::journal::By;
use crate::http::ApiError;
use crate::http::operations::{Describe, Notes};
use crate::staff::Asker;

/// Whoever has the API key that came along.
#[derive(Clone)]
pub struct Principal(Arc<Holder>);

struct Holder {
    by: By,
    /// Id and key of each site the key covers, oldest first.
    sites: Vec<(i64, String)>,
}

impl Principal {
    /// Whoever has a key that covers these sites (id and site key).
    pub fn new(by: By, sites: Vec<(i64, String)>) -> Self {
        Self(Arc::new(Holder { by, sites }))
    }

    /// For the journal.
    pub fn by(&self) -> By {
        self.0.by.clone()
    }

    /// Ids of the sites on which they are at least this.
    pub fn site_ids(&self, least: Role) -> Vec<i64> {
        self.sites(least).map(|(id, _)| *id).collect()
    }

    /// What they are on a site. Until keys have roles each is admin of its sites.
    fn role(&self, _site_id: i64) -> Role {
        Role::Admin
    }

    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let missing = || ApiError::new(ProblemCode::Internal, "Internal error: nobody asked who asks.");
        request.extensions().get::<Self>().cloned().ok_or_else(missing)
    }

    /// Those of their sites on which they are at least this.
    fn sites(&self, least: Role) -> impl Iterator<Item = &(i64, String)> {
        self.0.sites.iter().filter(move |(id, _)| self.role(*id) >= least)
    }

    fn site(&self, wanted: &SiteKey, least: Role) -> Result<i64, ApiError> {
        let found = self.sites(least).find(|(_, key)| key == wanted.as_str());
        found.map(|(id, _)| *id).ok_or_else(|| {
            ApiError::new(ProblemCode::Forbidden, "This API key does not cover that site. Use a key made for it.")
        })
    }
}

/// The sites asked about: the one named by the parameter `site`, or all on which whoever asks is at least `R`.
pub struct Sites<R> {
    /// Who asks.
    pub principal: Principal,
    /// Their ids, oldest first.
    pub ids: Vec<i64>,
    role: PhantomData<R>,
}

impl<R> Sites<R> {
    /// Site keys by id, to show instead of ids.
    pub fn keys(&self) -> HashMap<i64, &str> {
        self.principal.0.sites.iter().map(|(id, key)| (*id, key.as_str())).collect()
    }
}

/// All sites on which whoever asks is at least `R`, for what is named by its id alone.
pub struct AnySite<R>(pub Sites<R>);

/// The one site asked about: named in the address, by the parameter `site`, or the only one the key covers.
pub struct Site<R> {
    /// Who asks.
    pub principal: Principal,
    /// Its id.
    pub id: i64,
    role: PhantomData<R>,
}

fn named(request: &HttpRequest) -> Result<Option<SiteKey>, ApiError> {
    let parse = |text: &str| text.parse::<SiteKey>();
    match query::find(request, "site")? {
        Some(text) => parse(&text).map(Some).map_err(|_| ApiError::invalid_parameter("site", "must be a site key")),
        None => Ok(None),
    }
}

impl<R: AtLeast> Sites<R> {
    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let principal = Principal::of(request)?;
        let ids = match named(request)? {
            Some(wanted) => vec![principal.site(&wanted, R::ROLE)?],
            None => principal.site_ids(R::ROLE),
        };
        Ok(Self { principal, ids, role: PhantomData })
    }
}

impl<R: AtLeast> Site<R> {
    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let principal = Principal::of(request)?;
        if let Some(key) = request.match_info().get(IN_ADDRESS) {
            let key: SiteKey = key.parse().map_err(|_| ApiError::unknown_site())?;
            let id = principal.site(&key, R::ROLE)?;
            return Ok(Self { principal, id, role: PhantomData });
        }
        let sites = Sites::<R>::of(request)?;
        match sites.ids.as_slice() {
            [id] => Ok(Self { id: *id, principal, role: PhantomData }),
            _ => Err(ApiError::invalid_parameter(
                "site",
                "is required because this API key covers several sites or none",
            )),
        }
    }
}

/// The part of an address that names a site.
const IN_ADDRESS: &str = "site_key";

impl<R: AtLeast> Site<R> {
    /// Its key.
    pub fn key(&self) -> &str {
        let sites = &self.principal.0.sites;
        sites.iter().find(|(id, _)| *id == self.id).map_or("", |(_, key)| key)
    }

    /// Who asks for a change of its staff.
    pub fn asker(&self) -> Asker {
        Asker { by: self.principal.by(), sites: Some(self.principal.site_ids(R::ROLE)) }
    }
}

macro_rules! from_request {
    ($name:ident, $make:expr) => {
        impl<R: AtLeast> FromRequest for $name<R> {
            type Error = ApiError;
            type Future = Ready<Result<Self, ApiError>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let make: fn(&HttpRequest) -> Result<Self, ApiError> = $make;
                ready(make(request))
            }
        }
    };
}

from_request!(Sites, Self::of);
from_request!(Site, Self::of);
from_request!(AnySite, |request| {
    let principal = Principal::of(request)?;
    let ids = principal.site_ids(R::ROLE);
    Ok(Self(Sites { principal, ids, role: PhantomData }))
});

fn needs<R: AtLeast>(notes: &mut Notes) {
    notes.role = Some(R::ROLE);
    for code in [ProblemCode::Unauthorized, ProblemCode::Forbidden, ProblemCode::InvalidParameter] {
        notes.error(code);
    }
    notes.error(ProblemCode::StorageUnavailable);
}

fn site_parameter(notes: &mut Notes, description: &str) {
    let parameter = ParameterBuilder::new()
        .name("site")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(SiteKey::schema()));
    notes.parameters.push(parameter.build());
}

impl<R: AtLeast> Describe for Sites<R> {
    fn describe(notes: &mut Notes) {
        needs::<R>(notes);
        site_parameter(notes, "Site key of the one site that is asked about; all the API key covers when left out");
    }
}

impl<R: AtLeast> Describe for AnySite<R> {
    fn describe(notes: &mut Notes) {
        needs::<R>(notes);
        notes.error(ProblemCode::NotFound);
    }
}

/// One that the address names is described with the other parts of the address.
impl<R: AtLeast> Describe for Site<R> {
    fn describe(notes: &mut Notes) {
        needs::<R>(notes);
        if notes.parts().any(|part| part == IN_ADDRESS) {
            notes.error(ProblemCode::UnknownSite);
        } else {
            site_parameter(notes, "Site key; needed when the API key covers several sites");
        }
    }
}
