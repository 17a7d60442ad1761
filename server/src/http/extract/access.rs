//! Who asks, and for which sites.

use std::collections::HashMap;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use counterbell_shared::SiteKey;
use counterbell_shared::problem::ProblemCode;

use super::query::Params;
use crate::db::journal::By;
use crate::db::keys::ApiKey;
use crate::db::sites::Site;
use crate::http::ApiError;
use crate::store::Store;

/// The sites an API key covers.
pub struct Access {
    /// Whoever has the key.
    by: By,
    /// Id and key of each, oldest first.
    sites: Vec<(i64, String)>,
}

impl Access {
    /// Ids of the sites asked about: the one named by `site`, or all the key covers.
    ///
    /// # Errors
    /// 403 when the key does not cover the site named.
    pub fn site_ids(&self, params: &mut Params) -> Result<Vec<i64>, ApiError> {
        let wanted = params.take("site", |text| text.parse::<SiteKey>().map_err(|_| "must be a site key"))?;
        let Some(wanted) = wanted else { return Ok(self.all_site_ids()) };
        Ok(vec![self.covered(&wanted)?])
    }

    /// Id of the site of this key.
    ///
    /// # Errors
    /// 403 when the API key does not cover it.
    pub fn covered(&self, wanted: &SiteKey) -> Result<i64, ApiError> {
        let found = self.sites.iter().find(|(_, key)| key == wanted.as_str());
        found.map(|(id, _)| *id).ok_or_else(|| {
            ApiError::new(ProblemCode::Forbidden, "This API key does not cover that site. Use a key made for it.")
        })
    }

    /// Id of the one site asked about: the one named by `site`, or the only one the key covers.
    ///
    /// # Errors
    /// 400 when the key covers several and none is named, 403 when it does not cover the site named.
    pub fn site_id(&self, params: &mut Params) -> Result<i64, ApiError> {
        match self.site_ids(params)?.as_slice() {
            [one] => Ok(*one),
            _ => Err(ApiError::invalid_parameter(
                "site",
                "is required because this API key covers several sites or none",
            )),
        }
    }

    /// Ids of all sites the key covers.
    pub fn all_site_ids(&self) -> Vec<i64> {
        self.sites.iter().map(|(id, _)| *id).collect()
    }

    /// Who asks, for the journal.
    pub fn by(&self) -> By {
        self.by.clone()
    }

    /// Site keys by id, to show instead of ids.
    pub fn site_keys(&self) -> HashMap<i64, &str> {
        self.sites.iter().map(|(id, key)| (*id, key.as_str())).collect()
    }
}

impl FromRequest for Access {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = bearer(request).map(str::to_owned);
        let store = request.app_data::<web::Data<Store>>().cloned();
        Box::pin(async move {
            let unauthorized = |detail| ApiError::new(ProblemCode::Unauthorized, detail);
            let key = key.ok_or_else(|| {
                unauthorized("Send an API key as `Authorization: Bearer <key>`; `counterbell key create` makes one.")
            })?;
            let store = store
                .ok_or_else(|| ApiError::new(ProblemCode::Internal, "Internal error: the server is not set up."))?;
            let access = store.reads.lists.read(move |conn| {
                let Some(key) = ApiKey::authenticate(conn, &key)? else { return Ok(None) };
                let sites = match key.site_id {
                    Some(id) => Site::find_by_id(conn, id)?.map(|site| vec![(id, site.site_key.to_string())]),
                    None => Some(Site::all_keys(conn)?),
                };
                Ok(sites.map(|sites| Self { by: By::api_key(&key.key_id), sites }))
            });
            let access = access.await?.ok_or_else(|| unauthorized("This API key is wrong or revoked."))?;
            Ok(access)
        })
    }
}

/// RFC 6750 section 2.1; the scheme's case does not matter (RFC 9110 section 11.1).
fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
