//! A path with the methods that it takes: one table for the routes and for what is told
//! to whoever comes with another method
//! (<https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6>).

use crate::outcome::wrong_method;
use actix_web::{
    Error, FromRequest, Handler, HttpResponse, Resource, Responder, Route,
    dev::{AppService, HttpServiceFactory},
    http::Method,
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
}

impl Offered {
    /// A path that takes nothing yet; with a final slash it is the same
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
        resource.register(config);
    }
}
