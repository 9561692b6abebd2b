//! A path with the methods that it takes: one table for the routes and for what is told
//! to whoever comes with another method
//! (<https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6>), or with parameters and
//! preconditions that the path does not read.

use crate::{head, outcome::wrong_method};
use actix_web::{
    Error, FromRequest, Handler, HttpResponse, Resource, Responder, Route,
    dev::{AppService, HttpServiceFactory, ServiceRequest},
    http::Method,
    middleware::{Next, from_fn},
    web,
};
use std::sync::Arc;

/// A failure in the form that the path's callers read.
type Render = fn(crate::failure::Failure) -> Error;

/// One path.
pub struct Offered {
    resource: Resource,
    methods: Vec<Method>,
    render: Render,
    head: Head,
}

/// Who settles what the head of a request asks.
enum Head {
    /// The handlers, for all of it.
    Handlers,
    /// The path itself: it refuses preconditions, and all parameters but these.
    Path(&'static [&'static str]),
}

impl Offered {
    /// A path that takes nothing yet, no parameter and no precondition either; with a final slash it is the same
    /// (<https://hl7.org/fhir/R4/http.html#root>). A path that ends in a pattern for
    /// slashes takes them as they are.
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
        }
    }

    /// Leaves the head of requests to the handlers, which must refuse what they do not
    /// read.
    pub fn with_head_read(self) -> Self {
        Self {
            head: Head::Handlers,
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

    /// Takes POST.
    pub fn post<F: Handler<A>, A>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
        A: FromRequest + 'static,
    {
        self.with(Method::POST, web::post().to(handler))
    }

    /// Takes PUT.
    pub fn put<F: Handler<A>, A>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
        A: FromRequest + 'static,
    {
        self.with(Method::PUT, web::put().to(handler))
    }

    /// Takes DELETE.
    pub fn delete<F: Handler<A>, A>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
        A: FromRequest + 'static,
    {
        self.with(Method::DELETE, web::delete().to(handler))
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
        let (methods, render) = (Arc::new(self.methods), self.render);
        let refuse = move || {
            let refused = render(wrong_method(&methods));
            async { Err::<HttpResponse, Error>(refused) }
        };
        let resource = self.resource.default_service(web::to(refuse));
        let Head::Path(names) = self.head else {
            return resource.register(config);
        };
        let settle = move |request: ServiceRequest, next: Next<_>| async move {
            match head::of_others(request.request(), names) {
                Ok(()) => next.call(request).await,
                // An answer, not an error: layers outside see answers alone.
                Err(failure) => Ok(request.error_response(render(failure))),
            }
        };
        resource.wrap(from_fn(settle)).register(config);
    }
}
