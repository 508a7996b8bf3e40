//! `kairos explain`: why, in plain words.

use http::Method;
use serde_json::Value;

use crate::cli::client::{Asking, segment, word};
use crate::cli::{Ending, Failure};

/// Say in plain words why something was decided, or why nothing was done.
///
/// kairos explain 0193… --language de --token-file evidence.token
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The decision's id.
    #[arg(required_unless_present = "event")]
    decision: Option<String>,
    /// The event's id, with `--source`: everything that was decided about it, also that nothing was.
    #[arg(long, requires = "source", conflicts_with = "decision")]
    event: Option<String>,
    /// The event's source, such as `shop/gb`.
    #[arg(long, requires = "event")]
    source: Option<String>,
    /// `en` or `de`; without it, the market's own.
    #[arg(long)]
    language: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(args: &Args) -> Result<Ending, Failure> {
    let mut path = match (&args.decision, &args.event, &args.source) {
        (Some(decision), ..) => format!("/v1/decisions/{}/explanation?", segment(decision)),
        (None, Some(event), Some(source)) => format!(
            "/v1/explanation?source={}&event={}&",
            segment(source),
            segment(event)
        ),
        (None, ..) => return Err("name a decision, or an event by --source and --event".into()),
    };
    if let Some(language) = &args.language {
        path += &format!("language={}", segment(language));
    }
    let explained = args
        .asking
        .to
        .ask(Method::GET, path.trim_end_matches(['?', '&']), None)?;
    args.asking.tell(&explained, told);
    Ok(Ending::Done)
}

fn told(explained: &Value) -> String {
    let several = explained.get("explanations").and_then(Value::as_array);
    let several = several.map_or(std::slice::from_ref(explained), Vec::as_slice);
    let each: Vec<String> = several.iter().map(one).collect();
    each.join("\n\n")
}

fn one(explained: &Value) -> String {
    let parts = explained.get("parts").and_then(Value::as_array);
    let parts = parts.into_iter().flatten().map(|part| {
        let sentences = part.get("sentences").and_then(Value::as_array);
        let sentences = sentences.into_iter().flatten().filter_map(Value::as_str);
        let lines: String = sentences.map(|said| format!("\n  {said}")).collect();
        word(part, "title") + &lines
    });
    parts.collect::<Vec<_>>().join("\n\n")
}
