//! What is owed to the customer carries no promotion (D14): otherwise it would be marketing that no bound holds back.

use crate::boundary::{Candidate, Case, Objection};
use crate::charter::Class;

pub(super) fn judge(case: &Case<'_>, candidate: &Candidate<'_>) -> Option<Objection> {
    let class = candidate.class(case);
    match class {
        Class::Transactional | Class::Service => {}
        Class::Insight | Class::Marketing | Class::Ads => return None,
    }
    let mut declared = candidate.frame(case)?.parameters.iter();
    let promotion = declared.find(|parameter| {
        let mut given = candidate.proposal.parameters.iter();
        parameter.is_promotion && given.any(|(name, _)| *name == parameter.name)
    })?;
    Some(Objection(format!(
        "`{}` is a promotion, and `{}` is a {} message: it must carry none",
        promotion.name,
        candidate.proposal.action,
        class.word()
    )))
}
