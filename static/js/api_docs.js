// The description of the API as a page. What one tries runs with the session of the reader, so a change needs
// the token against cross-site requests, which the body carries for htmx.

const place = document.getElementById("swagger-ui");
const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");

window.SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    defaultModelsExpandDepth: -1,
    docExpansion: "list",
    validatorUrl: null,
    requestInterceptor: (request) => {
        if (request.method && request.method !== "GET") Object.assign(request.headers, headers);
        return request;
    },
});
