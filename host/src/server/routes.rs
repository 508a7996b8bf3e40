//! Every route of the host: one table tells what there is, who may use it and why. The desk finds a route in it and lets callers
//! in by it, so that nothing is open that does not stand there.

mod table;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path};
use axum::response::Response;
use axum::routing::MethodRouter;
use http::{HeaderValue, Method};

use crate::decide::Approval;
use crate::event::Role;
use crate::server::ServerParts;
use crate::server::figures::RouteKind;
use crate::server::problem::Problem;

pub use table::ROUTES;

pub(super) type RouteResult = Result<Response, Problem>;
pub(super) type Segment = Result<Path<String>, PathRejection>;

/// One route: what it takes, who may use it, and why just they.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    /// What stands in braces is any segment.
    pub path: &'static str,
    pub audience: Audience,
    /// `None` where any will do.
    pub role: Option<Role>,
    /// Why just they.
    pub because: &'static str,
    leads_to: Destination,
}

/// To whom a route is open, besides the role that it needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// Who speaks for the market: nothing of another is shown or changed.
    OwnMarket,
    /// Only who speaks for all markets.
    AllMarkets,
    /// Every caller alike: nothing of a customer or of a market's business is in it.
    EveryCaller,
    /// Who shows no token, too.
    Anyone,
}

/// Where a route leads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Destination {
    /// What one core alone owns decides: it is not `Send`, and axum's handlers must be.
    Events,
    Consent,
    Approval(Approval),
    Unsubscribe,
    Axum {
        serves: fn() -> MethodRouter<Arc<ServerParts>>,
        /// The largest body.
        body_bytes: usize,
    },
}

/// A route that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    pub(super) route: &'static Route,
    /// Where it stands in the table.
    pub(super) place: usize,
    /// What stood in place of the braces, still percent-encoded.
    pub(super) segments: [&'a str; 2],
}

impl<'a> Found<'a> {
    /// The first path of the table that matches is meant, with whichever methods it has.
    pub(super) fn of(method: &Method, path: &'a str) -> Result<Self, Problem> {
        let mut routes = ROUTES.iter();
        let (first, segments) = routes
            .find_map(|route| Some((route, route.segments(path)?)))
            .ok_or_else(|| Problem::unknown_route(path))?;
        let mut routes = ROUTES.iter().enumerate();
        let found = routes.find(|(_, route)| route.path == first.path && route.takes(method));
        let (place, route) = found.ok_or_else(|| first.refuses(method))?;
        Ok(Self {
            route,
            place,
            segments,
        })
    }
}

impl Route {
    /// What stands in `path` in place of the braces; `None` where it is another path.
    fn segments<'a>(&self, path: &'a str) -> Option<[&'a str; 2]> {
        let (mut found, mut count) = ([""; 2], 0);
        let (mut wanted, mut given) = (self.path.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some(found),
                (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {
                    *found.get_mut(count)? = given;
                    count += 1;
                }
                (Some(wanted), Some(given)) if wanted == given => {}
                _ => return None,
            }
        }
    }

    /// Who may read may ask for the head of it alone.
    fn takes(&self, method: &Method) -> bool {
        self.method == *method || (self.method == Method::GET && method == Method::HEAD)
    }

    /// What is told to who asks with a method that no route of this path takes.
    fn refuses(&self, method: &Method) -> Problem {
        let same = ROUTES.iter().filter(|route| route.path == self.path);
        let allowed = same.map(|route| match route.method {
            Method::GET => "GET,HEAD",
            ref other => other.as_str(),
        });
        let allowed = allowed.collect::<Vec<_>>().join(",");
        let allowed = HeaderValue::try_from(allowed);
        let allowed = allowed.unwrap_or_else(|_| HeaderValue::from_static(""));
        Problem::wrong_method(method, &allowed)
    }

    pub(super) fn leads_to(&self) -> Destination {
        self.leads_to
    }

    /// As the figures tell it.
    pub(super) fn kind(&self) -> RouteKind {
        match self.leads_to {
            Destination::Events => RouteKind::Event,
            Destination::Consent => RouteKind::Consent,
            Destination::Approval(_) | Destination::Unsubscribe | Destination::Axum { .. } => {
                RouteKind::Other
            }
        }
    }

    /// What whoever got no answer in time does not know, and how to find out.
    pub(super) fn unanswered(&self) -> &'static str {
        match self.leads_to {
            _ if self.method.is_safe() => "nothing was changed: ask again",
            Destination::Events => {
                "whether the event was decided is not known: send it again, with the same id and source"
            }
            Destination::Consent => {
                "whether the consent was taken is not known: send it again, with the same `ce-id` where it had one"
            }
            Destination::Approval(_) => {
                "whether the action was settled is not known: send it again, it is settled only once"
            }
            Destination::Unsubscribe => {
                "whether the consent was withdrawn is not known: send it again"
            }
            Destination::Axum { .. } if self.path.ends_with("/charter") => {
                "whether what was sent is live is not known: read the charter again before sending anything"
            }
            Destination::Axum { .. } => {
                "whether it was done is not known: of stops, `GET /v1/stops` tells; send anything else again"
            }
        }
    }
}

/// What axum serves, by the route's place in the table; nothing where a core decides.
pub(super) fn routers(shared: &Arc<ServerParts>) -> Vec<Router> {
    let served = ROUTES.iter().map(|route| match route.leads_to {
        Destination::Axum { serves, body_bytes } => Router::new()
            .route(route.path, serves())
            .layer(DefaultBodyLimit::max(body_bytes))
            .with_state(Arc::clone(shared)),
        Destination::Events
        | Destination::Consent
        | Destination::Approval(_)
        | Destination::Unsubscribe => Router::new(),
    });
    served.collect()
}

pub(super) fn segment(extracted: Segment) -> Result<String, Problem> {
    extracted
        .map(|Path(segment)| segment)
        .map_err(|_| Problem::bad_request("the path is not percent-encoded text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::UNSUBSCRIBE;

    fn found(method: &Method, path: &str) -> String {
        match Found::of(method, path) {
            Ok(found) => format!("{} {:?}", found.route.path, found.segments),
            Err(problem) => problem.status().as_u16().to_string(),
        }
    }

    #[test]
    fn only_whole_segments_lead_to_a_route() {
        for (method, path, expected) in [
            (
                Method::POST,
                "/v1/markets/gb/events",
                "/v1/markets/{market}/events [\"gb\", \"\"]",
            ),
            (Method::POST, "/v1/markets//events", "404"),
            (Method::POST, "/v1/markets/gb/x/events", "404"),
            (Method::POST, "/v1/markets/gb/events/", "404"),
            (Method::GET, "/v1/markets/gb/events", "405"),
            (Method::POST, "/v1/markets/events", "405"),
            (
                Method::PUT,
                "/v1/customers/crm:1/consents/all",
                "/v1/customers/{subject}/consents/{purpose} [\"crm:1\", \"all\"]",
            ),
            (Method::PUT, "/v1/customers/crm:1/consents/", "404"),
            (Method::PUT, "/v1/customers/a/b/consents/all", "404"),
            (
                Method::POST,
                "/v1/actions/a/approve",
                "/v1/actions/{id}/approve [\"a\", \"\"]",
            ),
            (Method::POST, "/v1/actions//approve", "404"),
            (Method::POST, "/v1/actions/a", "404"),
            (Method::HEAD, "/v1/charter", "/v1/charter [\"\", \"\"]"),
            (
                Method::POST,
                "/v1/customers/find",
                "/v1/customers/find [\"\", \"\"]",
            ),
            (Method::DELETE, "/v1/customers/find", "405"),
            (Method::GET, "/", "404"),
            (Method::GET, "", "404"),
        ] {
            assert_eq!(found(&method, path), expected, "{path}");
        }
        assert!(found(&Method::POST, &format!("{UNSUBSCRIBE}x")).contains("{token}"));
    }

    #[test]
    fn every_route_is_found_by_its_own_path() {
        for (place, route) in ROUTES.iter().enumerate() {
            let path = route.path.replace(['{', '}'], "");
            let found = Found::of(&route.method, &path).expect("a route");
            assert_eq!(found.place, place, "{} {}", route.method, route.path);
            assert!(!route.because.is_empty(), "{path}");
        }
    }

    #[test]
    fn nobody_is_told_to_send_as_an_event_what_was_none() {
        for (method, path, says) in [
            (
                Method::POST,
                "/v1/markets/gb/events",
                "the same id and source",
            ),
            (Method::PUT, "/v1/customers/crm:1/consents/all", "`ce-id`"),
            (Method::POST, "/v1/actions/a/approve", "settled only once"),
            (Method::POST, "/v1/charter", "read the charter again"),
            (
                Method::PUT,
                "/v1/markets/gb/charter",
                "read the charter again",
            ),
            (Method::GET, "/v1/charter", "ask again"),
            (Method::PUT, "/v1/stops/all", "`GET /v1/stops` tells"),
        ] {
            let told = Found::of(&method, path)
                .expect("a route")
                .route
                .unanswered();
            assert!(told.contains(says), "{path}: {told}");
            assert_eq!(told.contains("event"), path.ends_with("/events"), "{told}");
        }
    }
}
