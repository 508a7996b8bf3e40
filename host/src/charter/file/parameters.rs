//! The parameters of an action.

use crate::charter::Charter;
use crate::charter::actions::Parameter;
use crate::charter::fields::{ItemsIx, Type};
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Keys, Section, refer};
use crate::charter::file::{typing, values};
use crate::ids::Text;
use crate::limits;

pub(super) const PARAMETER_KEYS: Keys = Keys {
    known: &[
        "type",
        "unit",
        "of",
        "required",
        "between",
        "one-of",
        "at-most",
        "unless",
        "promotion",
    ],
    later: &[],
    central: &[],
};

pub(super) fn read_parameters(section: &Section<'_>, charter: &Charter) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for (name, node) in section.open_each("parameters") {
        if parameters.len() == limits::PARAMETERS {
            section.findings.say(
                node,
                format!("is one too many: at most {} parameters", limits::PARAMETERS),
            );
            break;
        }
        if !values::is_snake_case(name) {
            section.findings.say(node, format!("`{name}` is not a name for a parameter: write snake_case, such as `order_total`"));
        }
        parameters.extend(read_parameter(name, node, section, charter));
    }
    parameters
}

fn read_parameter(
    name: &str,
    node: &Node,
    action: &Section<'_>,
    charter: &Charter,
) -> Option<Parameter> {
    let section = Section::open(node, &PARAMETER_KEYS, action.findings);
    let typing = typing::read_typing(&section)?;
    let mut parameter = Parameter {
        name: Text::new(name),
        ty: typing.ty,
        unit: section.optional("unit", values::text),
        of: typing.of,
        required: section.optional("required", values::flag).unwrap_or(false),
        between: section.optional("between", |node| typing::read_between(node, typing.ty)),
        one_of: typing.one_of,
        at_most: typing.at_most,
        unless: None,
        is_promotion: section.optional("promotion", values::flag).unwrap_or(false),
    };
    parameter.unless = section.optional("unless", |node| read_unless(node, &parameter, charter));
    Some(parameter)
}

/// The items in which what is named must not be (D01).
pub(super) fn read_unless(
    node: &Node,
    parameter: &Parameter,
    charter: &Charter,
) -> Result<ItemsIx, String> {
    let items = refer(node, &charter.names.items, "an item list")?;
    if !matches!(parameter.ty, Type::Text | Type::Texts) {
        return Err(format!(
            "looks up what a text names, and this is of type `{}`",
            parameter.ty.name()
        ));
    }
    let item = &charter.items.at(items).item;
    match &parameter.of {
        Some(of) if of == item => Ok(items),
        Some(of) => Err(format!(
            "is {}, whose items are of `{item}`, and this is of `{of}`",
            node.shown()
        )),
        None => Err(format!(
            "is {}, whose items are of `{item}`: give the parameter `of = \"{item}\"`",
            node.shown()
        )),
    }
}
