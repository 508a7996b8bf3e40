//! The table. Of two paths that match, the first is meant.

use std::sync::Arc;

use axum::routing::{MethodRouter, delete, get, post, put};
use http::Method;

use crate::decide::Approval;
use crate::event::Role;
use crate::limits::{CHARTER_BODY_BYTES, EVENT_BODY_BYTES};
use crate::server::routes::{Audience, Destination, Route};
use crate::server::{
    ServerParts, approvals, charters, customers, decisions, disclosures, evidence, explanations,
    health, markets, report, stops,
};

/// Every route.
pub static ROUTES: [Route; 33] = [
    Route {
        method: Method::POST,
        path: "/v1/markets/{market}/events",
        audience: Audience::OwnMarket,
        role: Some(Role::Decide),
        because: "an event happens in one market, which decides about it",
        leads_to: Destination::Events,
    },
    Route {
        method: Method::PUT,
        path: "/v1/customers/{subject}/consents/{purpose}",
        audience: Audience::OwnMarket,
        role: Some(Role::Consent),
        because: "a consent is given to one market; what a customer takes back there holds in all of them",
        leads_to: Destination::Consent,
    },
    Route {
        method: Method::POST,
        path: "/v1/unsubscribe/{token}",
        audience: Audience::Anyone,
        role: None,
        because: "whoever has the mail may take the consent back, and the token in it is the proof (RFC 8058)",
        leads_to: Destination::Unsubscribe,
    },
    Route {
        method: Method::GET,
        path: "/v1/unsubscribe/{token}",
        audience: Audience::Anyone,
        role: None,
        because: "a person who follows the link sees a page with one button; it takes nothing back by itself",
        leads_to: Destination::Unsubscribe,
    },
    Route {
        method: Method::GET,
        path: "/v1/approvals",
        audience: Audience::OwnMarket,
        role: Some(Role::Approve),
        because: "what waits is a market's decision about its customer",
        leads_to: axum(|| get(approvals::list)),
    },
    Route {
        method: Method::POST,
        path: "/v1/actions/{id}/approve",
        audience: Audience::OwnMarket,
        role: Some(Role::Approve),
        because: "what waits is approved in its market",
        leads_to: Destination::Approval(Approval::Approve),
    },
    Route {
        method: Method::POST,
        path: "/v1/actions/{id}/reject",
        audience: Audience::OwnMarket,
        role: Some(Role::Approve),
        because: "what waits is rejected in its market",
        leads_to: Destination::Approval(Approval::Reject),
    },
    Route {
        method: Method::GET,
        path: "/v1/decisions",
        audience: Audience::OwnMarket,
        role: Some(Role::Evidence),
        because: "a decision tells of a customer in the market where it was taken",
        leads_to: axum(|| get(decisions::list)),
    },
    Route {
        method: Method::GET,
        path: "/v1/decisions/{id}",
        audience: Audience::OwnMarket,
        role: Some(Role::Evidence),
        because: "a decision tells of a customer in the market where it was taken",
        leads_to: axum(|| get(decisions::show)),
    },
    Route {
        method: Method::POST,
        path: "/v1/decisions/{id}/replay",
        audience: Audience::OwnMarket,
        role: Some(Role::Evidence),
        because: "what is computed again tells what was decided",
        leads_to: axum(|| post(decisions::replay)),
    },
    Route {
        method: Method::GET,
        path: "/v1/decisions/{id}/explanation",
        audience: Audience::OwnMarket,
        role: Some(Role::Evidence),
        because: "an explanation tells what was decided",
        leads_to: axum(|| get(explanations::of_decision)),
    },
    Route {
        method: Method::GET,
        path: "/v1/explanation",
        audience: Audience::OwnMarket,
        role: Some(Role::Evidence),
        because: "an explanation tells what was decided",
        leads_to: axum(|| get(explanations::of_event)),
    },
    Route {
        method: Method::GET,
        path: "/v1/report",
        audience: Audience::OwnMarket,
        role: Some(Role::Evidence),
        because: "a market's figures are its own business",
        leads_to: axum(|| get(report::show)),
    },
    Route {
        method: Method::GET,
        path: "/v1/evidence",
        audience: Audience::EveryCaller,
        role: Some(Role::Evidence),
        because: "how long the evidence is and who signs it tells of no market and no customer",
        leads_to: axum(|| get(evidence::show)),
    },
    Route {
        method: Method::GET,
        path: "/v1/evidence/checkpoint",
        audience: Audience::EveryCaller,
        role: Some(Role::Evidence),
        because: "a checkpoint is to be kept by somebody else, and tells of no market and no customer",
        leads_to: axum(|| get(evidence::checkpoint)),
    },
    Route {
        method: Method::POST,
        path: "/v1/customers/find",
        audience: Audience::OwnMarket,
        role: Some(Role::Customer),
        because: "a market sees of a customer what is central or its own, and nobody whom it never met",
        leads_to: axum(|| post(customers::find)),
    },
    Route {
        method: Method::GET,
        path: "/v1/customers/{subject}",
        audience: Audience::OwnMarket,
        role: Some(Role::Customer),
        because: "a market sees of a customer what is central or its own, and nobody whom it never met",
        leads_to: axum(|| get(customers::show)),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/customers/{subject}",
        audience: Audience::AllMarkets,
        role: Some(Role::Erase),
        because: "a customer is erased in every market at once: it takes a token for all of them, `*`",
        leads_to: axum(|| delete(customers::erase)),
    },
    Route {
        method: Method::GET,
        path: "/v1/customers/{subject}/export",
        audience: Audience::OwnMarket,
        role: Some(Role::Customer),
        because: "a market is given its own part; the whole of a customer is for a token of all markets, `*`",
        leads_to: axum(|| get(customers::export)),
    },
    Route {
        method: Method::GET,
        path: "/v1/disclosures",
        audience: Audience::OwnMarket,
        role: Some(Role::Evidence),
        because: "who looked at a customer is told to the market whose records were looked at (C33)",
        leads_to: axum(|| get(disclosures::list)),
    },
    Route {
        method: Method::GET,
        path: "/v1/markets",
        audience: Audience::EveryCaller,
        role: None,
        because: "who owns which market is for all to see",
        leads_to: axum(|| get(markets::list)),
    },
    Route {
        method: Method::GET,
        path: "/v1/markets/{market}",
        audience: Audience::EveryCaller,
        role: None,
        because: "who owns which market is for all to see",
        leads_to: axum(|| get(markets::show)),
    },
    Route {
        method: Method::GET,
        path: "/v1/markets/{market}/charter",
        audience: Audience::EveryCaller,
        role: None,
        because: "what each market may do is for all to see (C20)",
        leads_to: axum(|| get(charters::choice)),
    },
    Route {
        method: Method::PUT,
        path: "/v1/markets/{market}/charter",
        audience: Audience::OwnMarket,
        role: Some(Role::Charter),
        because: "a region changes its own choice alone",
        leads_to: charter(|| put(charters::choose)),
    },
    Route {
        method: Method::GET,
        path: "/v1/charter",
        audience: Audience::EveryCaller,
        role: None,
        because: "what each market may do is for all to see (C20)",
        leads_to: axum(|| get(charters::show)),
    },
    Route {
        method: Method::POST,
        path: "/v1/charter",
        audience: Audience::AllMarkets,
        role: Some(Role::Charter),
        because: "the charter is every market's: a token for some of them changes only their own choice, with `PUT /v1/markets/<market>/charter`",
        leads_to: charter(|| post(charters::load)),
    },
    Route {
        method: Method::GET,
        path: "/v1/charter/{kind}/{name}",
        audience: Audience::EveryCaller,
        role: None,
        because: "who decides what is for all to see (C31)",
        leads_to: axum(|| get(charters::decides)),
    },
    Route {
        method: Method::GET,
        path: "/v1/stops",
        audience: Audience::EveryCaller,
        role: None,
        because: "what is stopped, and by whom, is for all to see (A25)",
        leads_to: axum(|| get(stops::list)),
    },
    Route {
        method: Method::PUT,
        path: "/v1/stops/{scope}",
        audience: Audience::OwnMarket,
        role: Some(Role::Operate),
        because: "a market stops itself; what stops others takes a token for all of them",
        leads_to: axum(|| put(stops::put)),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/stops/{scope}",
        audience: Audience::OwnMarket,
        role: Some(Role::Operate),
        because: "a market lifts its own stop; what was stopped for others takes a token for all of them",
        leads_to: axum(|| delete(stops::lift)),
    },
    Route {
        method: Method::GET,
        path: "/healthz",
        audience: Audience::Anyone,
        role: None,
        because: "whether the host lives is what balancers ask, and they have no token",
        leads_to: axum(|| get(health::alive)),
    },
    Route {
        method: Method::GET,
        path: "/readyz",
        audience: Audience::Anyone,
        role: None,
        because: "whether the host serves is what balancers ask, and they have no token",
        leads_to: axum(|| get(health::readiness)),
    },
    Route {
        method: Method::GET,
        path: "/metrics",
        audience: Audience::EveryCaller,
        role: Some(Role::Operate),
        because: "the figures are the host's, and name no customer",
        leads_to: axum(|| get(health::metrics)),
    },
];

const fn axum(serves: fn() -> MethodRouter<Arc<ServerParts>>) -> Destination {
    let body_bytes = EVENT_BODY_BYTES;
    Destination::Axum { serves, body_bytes }
}

const fn charter(serves: fn() -> MethodRouter<Arc<ServerParts>>) -> Destination {
    let body_bytes = CHARTER_BODY_BYTES;
    Destination::Axum { serves, body_bytes }
}
