//! Decisions in plain words.

use serde_json::Value;

use crate::cli::send::{Action, Decision, Firsts, Sample};

/// One action, one hold and one refusal by the boundary, each with the command that fetches it.
pub(super) fn three(firsts: &Firsts, url: &str) -> String {
    [
        ("An action", firsts.acted.as_ref()),
        ("A hold", firsts.held.as_ref()),
        ("Refused by the boundary", firsts.refused()),
    ]
    .map(|(title, sample)| match sample {
        Some(sample) => paragraph(title, sample, url),
        None => format!("{title}: there was none among these events."),
    })
    .join("\n\n")
}

fn paragraph(title: &str, sample: &Sample, url: &str) -> String {
    let decision = &sample.decision;
    let mut text = format!(
        "{title}: event {} ({}) in market {}, moment {}.",
        sample.event, sample.kind, sample.market, decision.moment
    );
    for sentence in sentences(decision) {
        text = format!("{text}\n  {sentence}");
    }
    format!("{text}\n  curl -s {url}/v1/decisions/{}", decision.id)
}

fn sentences(decision: &Decision) -> Vec<String> {
    let mut said = Vec::new();
    for action in &decision.actions {
        let what = with_parameters(action);
        said.push(format!("Answered at once on {}: {what}.", action.channel));
    }
    for action in &decision.scheduled {
        let due = action.due.as_deref().unwrap_or("later");
        let what = with_parameters(action);
        said.push(format!(
            "Scheduled by {} for {due}: {what}.",
            action.channel
        ));
    }
    for refusal in &decision.refused {
        said.push(format!(
            "The policy proposed {} by {}; the rule `{}` refused it: {}.",
            refusal.action, refusal.channel, refusal.rule, refusal.reason
        ));
    }
    match (&decision.reason, &decision.because) {
        (Some(reason), Some(because)) => said.push(format!("{because} (`{reason}`)")),
        (Some(reason), None) => said.push(format!("The reason is `{reason}`.")),
        (None, Some(because)) => said.push(format!("Because {because}.")),
        (None, None) => {}
    }
    if said.is_empty() {
        said.push(format!("The outcome is {}.", decision.outcome));
    }
    said
}

fn with_parameters(action: &Action) -> String {
    let parameters: Vec<String> = action
        .parameters
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name} {text}"),
            other => format!("{name} {other}"),
        })
        .collect();
    if parameters.is_empty() {
        action.action.to_string()
    } else {
        format!("{} with {}", action.action, parameters.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(decision: serde_json::Value, expected: &[&str]) {
        assert_eq!(
            sentences(&serde_json::from_value(decision).unwrap()),
            expected
        );
    }

    #[test]
    fn a_decision_is_told_in_plain_words() {
        check(
            json!({ "id": "1", "outcome": "act",
                "actions": [{ "action": "banner", "channel": "web", "parameters": { "points": 139, "tier": "gold" } }],
                "scheduled": [{ "action": "review", "channel": "email", "due": "2010-12-08T09:00:00Z" }] }),
            &[
                "Answered at once on web: banner with points 139, tier gold.",
                "Scheduled by email for 2010-12-08T09:00:00Z: review.",
            ],
        );
        check(
            json!({ "id": "1", "outcome": "refused", "refused": [
                { "action": "review", "channel": "email", "rule": "consent", "reason": "no consent to marketing" }] }),
            &[
                "The policy proposed review by email; the rule `consent` refused it: no consent to marketing.",
            ],
        );
        check(
            json!({ "id": "1", "outcome": "hold", "reason": "too_soon" }),
            &["The reason is `too_soon`."],
        );
        check(
            json!({ "id": "1", "outcome": "hold", "reason": "too_soon", "because": "You bought yesterday." }),
            &["You bought yesterday. (`too_soon`)"],
        );
        check(
            json!({ "id": "1", "outcome": "hold" }),
            &["The outcome is hold."],
        );
    }

    #[test]
    fn what_did_not_happen_is_said() {
        let text = three(&Firsts::default(), "http://127.0.0.1:8080");
        assert_eq!(text.matches("there was none").count(), 3);
    }
}
