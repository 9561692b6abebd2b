//! A path with the methods that it takes: one table for the routes and for what is told
//! to whoever comes with another method
//! (<https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6>), with parameters and
//! preconditions that the path does not read, or for an answer in another form.

use crate::{
    failure::{Failure, Taken},
    http::{head, outcome::wrong_method},
    listener::verb::Verb,
};
use actix_web::{
    Error, FromRequest, Handler, HttpRequest, Resource, Responder, Route,
    dev::{AppService, HttpServiceFactory, ServiceRequest},
    http::Method,
    middleware::{Next, from_fn},
    web,
};

/// A failure in the form that the path's callers read.
type Render = fn(Failure) -> Error;

/// Why a path does not take one of its methods from a request.
type Except = fn(&HttpRequest, &Method) -> Result<(), Failure>;

/// Whether there is such a path at all.
type There = fn(&HttpRequest) -> Result<(), Failure>;

/// One path.
pub struct Offered {
    resource: Resource,
    methods: Vec<Method>,
    render: Render,
    head: Head,
    is_json: bool,
    there: There,
    except: Except,
}

/// Who settles what the head of a request asks.
enum Head {
    /// The handlers, for all of it.
    Handlers,
    /// The path itself: it refuses preconditions, and all parameters but these.
    Path(&'static [&'static str]),
}

impl Offered {
    /// A path that takes no method, parameter or precondition yet. With a final slash it is
    /// the same path (<https://hl7.org/fhir/R4/http.html#root>), unless it ends in a pattern
    /// for slashes.
    pub fn at(path: &str, render: Render) -> Self {
        let mut spellings = vec![path.to_owned()];
        if !["*}", "+}", "/"].iter().any(|end| path.ends_with(end)) {
            spellings.push(format!("{path}/"));
        }
        Self {
            resource: web::resource(spellings),
            methods: Vec::new(),
            render,
            head: Head::Path(&[]),
            is_json: false,
            there: |_| Ok(()),
            except: |_, _| Ok(()),
        }
    }

    /// Is not there for every request: what comes with a method of no handler is told so.
    /// The handlers say it themselves, to whom they know.
    pub fn where_there(self, there: There) -> Self {
        Self { there, ..self }
    }

    /// Does not take each of its methods from every request.
    pub fn except(self, except: Except) -> Self {
        Self { except, ..self }
    }

    /// Leaves the head of requests to the handlers, which must refuse what they do not
    /// read.
    pub fn with_head_read(self) -> Self {
        Self {
            head: Head::Handlers,
            ..self
        }
    }

    /// Answers in JSON, and refuses whoever takes none.
    pub fn in_json(self) -> Self {
        Self {
            is_json: true,
            ..self
        }
    }

    /// Takes these parameters.
    pub fn with_parameters(self, names: &'static [&'static str]) -> Self {
        Self {
            head: Head::Path(names),
            ..self
        }
    }

    /// Takes GET, and HEAD, which is GET without the content
    /// (<https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2>).
    pub fn get<F: Handler<A> + Clone, A>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
        A: FromRequest + 'static,
    {
        self.with(Method::GET, web::get().to(handler.clone()))
            .with(Method::HEAD, web::head().to(handler))
    }

    /// Takes a method.
    pub fn by<F: Handler<A> + Clone, A>(self, verb: Verb, handler: F) -> Self
    where
        F::Output: Responder + 'static,
        A: FromRequest + 'static,
    {
        match verb {
            Verb::Get => self.get(handler),
            Verb::Post => self.with(Method::POST, web::post().to(handler)),
            Verb::Put => self.with(Method::PUT, web::put().to(handler)),
            Verb::Patch => self.with(Method::PATCH, web::patch().to(handler)),
            Verb::Delete => self.with(Method::DELETE, web::delete().to(handler)),
        }
    }

    /// Takes OPTIONS.
    pub fn options<F: Handler<A>, A>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
        A: FromRequest + 'static,
    {
        self.with(
            Method::OPTIONS,
            web::route().method(Method::OPTIONS).to(handler),
        )
    }

    fn with(mut self, method: Method, route: Route) -> Self {
        self.methods.push(method);
        self.resource = self.resource.route(route);
        self
    }
}

impl HttpServiceFactory for Offered {
    fn register(self, config: &mut AppService) {
        let (render, head, is_json) = (self.render, self.head, self.is_json);
        let methods = Methods {
            all: self.methods,
            there: self.there,
            except: self.except,
        };
        let settle = move |request: ServiceRequest, next: Next<_>| {
            let settled = match head {
                Head::Handlers => Ok(()),
                Head::Path(names) if is_json => head::of_json(request.request(), names),
                Head::Path(names) => head::of_others(request.request(), names),
            };
            let settled = settled.and_then(|()| methods.check(request.request()));
            async move {
                match settled {
                    Ok(()) => next.call(request).await,
                    // An answer, not an error: layers outside see answers alone.
                    Err(failure) => Ok(request.error_response(render(failure))),
                }
            }
        };
        self.resource.wrap(from_fn(settle)).register(config);
    }
}

/// The methods of a path: what is told of them and what is done by them is the same.
struct Methods {
    all: Vec<Method>,
    there: There,
    except: Except,
}

impl Methods {
    fn check(&self, request: &HttpRequest) -> Result<(), Failure> {
        let refused = if self.all.contains(request.method()) {
            match (self.except)(request, request.method()) {
                Ok(()) => return Ok(()),
                Err(failure) => Some(failure),
            }
        } else {
            None
        };
        (self.there)(request)?;
        let all = self.all.iter();
        let taken: Vec<&str> = all
            .filter(|method| (self.except)(request, method).is_ok())
            .map(Method::as_str)
            .collect();
        let taken = taken.join(", ");
        Err(match refused {
            None => wrong_method(taken),
            Some(failure) => Failure {
                taken: Some(Taken::Methods(taken)),
                ..failure
            },
        })
    }
}
