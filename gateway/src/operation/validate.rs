//! `$validate` of a type and of a record
//! (<https://hl7.org/fhir/R4/resource-operation-validate.html>): what a create, an update or
//! a delete would be told, without its effect. It is decided as the write would be, and
//! audited; nothing is stored. Profiles are not known here.

use crate::{
    context::Context,
    exchange::Exchange,
    failure::{Category, Failure},
    http::{
        body::BodyForm,
        head::{self, Given},
        reply::Reply,
    },
    interaction::{
        content, create, delete,
        kinds::{Does, Place, Row, TypeClass, Verb},
        update,
    },
    record::assigned_id::assigned_id,
};
use fhir::{IssueCode, Resource, json::Value, validate as rules};
use model::{LogicalId, ResourceType};
use policies::Action;

/// `$validate` at a type.
pub static OF_TYPE: Row = Row {
    place: Place::Validation,
    verb: Verb::Post,
    interactions: &[],
    classes: &[TypeClass::Stored],
    sent_for: &[
        Action::Create,
        Action::Update,
        Action::CreateWithId,
        Action::Delete,
    ],
    body: Some(BodyForm::FhirIfAny),
    does: Does::Validates,
};
/// `$validate` at a record.
pub static OF_RECORD: Row = Row {
    place: Place::ValidationOfRecord,
    ..OF_TYPE
};

const PARAMETERS: &str = "Parameters";

/// A code of <https://hl7.org/fhir/R4/valueset-resource-validation-mode.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As a new record.
    Create,
    /// As the next version of a record.
    Update,
    /// As the end of a record; content is ignored.
    Delete,
}

/// The type or record that is named by the path.
pub struct Named {
    /// The type.
    pub kind: ResourceType,
    /// The id of a record.
    pub id: Option<LogicalId>,
}

/// What is tried.
pub struct Asked {
    tried: Tried,
    kind: ResourceType,
    /// Why the content is refused by itself.
    refused: Option<Failure>,
}

/// A write, without its effect.
enum Tried {
    Create(Resource),
    Update(Resource, LogicalId),
    Delete(LogicalId),
    /// A write of content that does not tell whom it is about.
    Unreadable(Mode),
}

impl Mode {
    fn of(text: &str) -> Result<Self, Failure> {
        match text {
            "create" => Ok(Self::Create),
            "update" => Ok(Self::Update),
            "delete" => Ok(Self::Delete),
            "profile" => Err(no_profiles()),
            _ => Err(invalid(
                IssueCode::CodeInvalid,
                "`mode` must be one of `create`, `update`, `delete`",
            )),
        }
    }

    const fn action(self) -> Action {
        match self {
            Self::Create => Action::Create,
            Self::Update => Action::Update,
            Self::Delete => Action::Delete,
        }
    }
}

/// The parameters, from the URL and from the body.
#[derive(Default)]
struct Parameters {
    given: Given,
    mode: Option<Mode>,
    resource: Option<Value>,
}

impl Parameters {
    fn of(query: &str, body: Option<Value>) -> Result<Self, Failure> {
        let mut all = Self::default();
        let mut rest = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "mode" | "profile" => all.take(&name, Some(&value))?,
                _ => drop(rest.append_pair(&name, &value)),
            }
        }
        head::no_parameters(&rest.finish())?;
        match body {
            Some(body) if is_parameters(&body) => all.read(body)?,
            body => all.resource = body,
        }
        Ok(all)
    }

    fn take(&mut self, name: &str, value: Option<&str>) -> Result<(), Failure> {
        self.given.take(name)?;
        match name {
            "profile" => Err(no_profiles()),
            _ => {
                self.mode = Some(Mode::of(value.unwrap_or_default())?);
                Ok(())
            }
        }
    }

    /// Reads them from a resource of their own
    /// (<https://hl7.org/fhir/R4/operations.html#request>).
    fn read(&mut self, mut body: Value) -> Result<(), Failure> {
        let parameters = body
            .as_object_mut()
            .and_then(|body| body.remove("parameter"));
        let Some(Value::Array(parameters)) = parameters else {
            return Err(no_resource());
        };
        for mut parameter in parameters {
            let resource = parameter
                .as_object_mut()
                .and_then(|parameter| parameter.remove("resource"));
            let text = |name| parameter.get(name).and_then(Value::as_str);
            match text("name") {
                Some("resource") => {
                    self.given.take("resource")?;
                    self.resource = resource;
                }
                Some(name @ ("mode" | "profile")) => {
                    let value = text("valueCode").or_else(|| text("valueString"));
                    self.take(name, value)?;
                }
                _ => {
                    return Err(invalid(
                        IssueCode::NotSupported,
                        "a parameter is not supported; send `resource` and `mode`",
                    ));
                }
            }
        }
        Ok(())
    }
}

fn is_parameters(body: &Value) -> bool {
    body.get("resourceType").and_then(Value::as_str) == Some(PARAMETERS)
}

fn invalid(code: IssueCode, text: &str) -> Failure {
    Failure::new(Category::Invalid, code, text)
}

fn no_profiles() -> Failure {
    invalid(
        IssueCode::NotSupported,
        "profiles are not supported; leave `profile` out to validate by R4 itself",
    )
}

fn no_resource() -> Failure {
    invalid(
        IssueCode::Required,
        "send the resource as the body, or as `resource` in Parameters",
    )
}

impl Asked {
    /// Reads what is asked, and checks the content by itself.
    ///
    /// # Errors
    /// Invalid when the parameters are.
    pub fn of(
        context: &Context,
        named: &Named,
        query: &str,
        body: Option<Value>,
    ) -> Result<Self, Failure> {
        let Parameters { mode, resource, .. } = Parameters::of(query, body)?;
        let kind = named.kind.clone();
        let (mode, id) = match (mode, &named.id) {
            (Some(Mode::Create), Some(_)) => {
                let text = "what would be created has no id yet; send `mode=create` to the type";
                return Err(invalid(IssueCode::Invalid, text));
            }
            (Some(Mode::Delete), None) => {
                let text = "name what would be deleted: send `mode=delete` to the record";
                return Err(invalid(IssueCode::Invalid, text));
            }
            (Some(Mode::Delete), Some(id)) => {
                return Ok(Self {
                    tried: Tried::Delete(id.clone()),
                    kind,
                    refused: None,
                });
            }
            (None | Some(Mode::Update), Some(id)) => (Mode::Update, Some(id)),
            (Some(Mode::Update), None) => (Mode::Update, None),
            (None | Some(Mode::Create), None) => (Mode::Create, None),
        };
        let resource = resource.ok_or_else(no_resource)?;
        let (tried, refused) = match read(resource, mode, &kind) {
            Ok(mut resource) => {
                let refused = content::check(context, &mut resource, &kind).err();
                match (mode, id.cloned().or_else(|| resource.id().cloned())) {
                    (Mode::Update, Some(id)) => (Tried::Update(resource, id), refused),
                    (Mode::Update, None) => (Tried::Unreadable(mode), refused.or(no_id(&kind))),
                    _ => (Tried::Create(resource), refused),
                }
            }
            Err(failure) => (Tried::Unreadable(mode), Some(failure)),
        };
        Ok(Self {
            tried,
            kind,
            refused,
        })
    }

    /// Does what the write would do before it takes effect.
    async fn attempt(&self, exchange: &mut Exchange<'_>) -> Result<(), Failure> {
        match &self.tried {
            Tried::Create(resource) => {
                let id = assigned_id(&*exchange.app().random)?;
                create::try_out(exchange, resource, id).await
            }
            Tried::Update(resource, id) => update::try_out(exchange, resource, id).await,
            Tried::Delete(id) => delete::try_out(exchange, &self.kind, id).await,
            Tried::Unreadable(mode) => {
                let action = mode.action();
                if exchange.could(&[action], Some(&self.kind)) {
                    return Ok(());
                }
                exchange.pass_over(action, &exchange.stranger(&self.kind));
                Err(Failure::forbidden())
            }
        }
    }
}

/// Reads a resource of this type.
fn read(mut value: Value, mode: Mode, kind: &ResourceType) -> Result<Resource, Failure> {
    if let (Mode::Create, Some(object)) = (mode, value.as_object_mut()) {
        // A create does not read it.
        object.remove("id");
    }
    // Of what cannot be read all faults are told, as of what can.
    let invalid = rules::require_value(&value);
    let resource = match Resource::from_value(value) {
        Ok(resource) => resource,
        Err(refusal) => return Err(invalid.err().unwrap_or(refusal).into()),
    };
    content::check_type(&resource, kind)?;
    Ok(resource)
}

fn no_id(kind: &ResourceType) -> Option<Failure> {
    let text = "what would be updated must have an `id`";
    Some(invalid(IssueCode::Required, text).at(format!("{kind}.id")))
}

/// Tries a write and tells how it would go. A refusal of the content is the answer.
///
/// # Errors
/// Those of the write that the content is not the reason of.
pub async fn validate(exchange: &mut Exchange<'_>, asked: &Asked) -> Result<Reply, Failure> {
    let refused = match asked.attempt(exchange).await {
        Ok(()) => None,
        Err(failure) if is_of_content(failure.category) => Some(failure),
        Err(failure) => return Err(failure),
    };
    let refused = asked.refused.as_ref().or(refused.as_ref());
    let outcome = refused.map_or_else(|| rules::outcome(&[]), Failure::operation_outcome);
    Ok(Reply::document(outcome.to_canonical()))
}

const fn is_of_content(category: Category) -> bool {
    matches!(
        category,
        Category::Invalid | Category::Unprocessable | Category::TooLarge
    )
}
