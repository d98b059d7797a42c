// The interface as a page, written from /openapi.json: what each address takes and gives.
import { element } from "./element.js";

const page = document.getElementById("paths");
const origin = location.origin;

try {
  const answer = await fetch("/openapi.json");
  show(await answer.json());
} catch {
  page.replaceChildren(element("p", "error", "The server does not answer; is it still running?"));
}
page.removeAttribute("aria-busy");

function show(description) {
  const parts = [element("p", "soft", `${description.info.summary} Version ${description.info.version}. Whatever is refused is answered by a JSON problem with one sentence in “detail”.`)];
  for (const [path, methods] of Object.entries(description.paths))
    for (const [method, one] of Object.entries(methods)) parts.push(operation(description, path, method, one));
  parts.push(live());
  page.replaceChildren(...parts);
}

function operation(description, path, method, one) {
  const part = element("section", "operation");
  const head = element("h2");
  head.append(element("span", `method ${method}`, method.toUpperCase()), element("code", "", path));
  part.append(head, element("p", "", one.description ?? one.summary));
  const content = one.requestBody?.content ?? {};
  const [kind, body] = Object.entries(content)[0] ?? [];
  const schema = body ? resolve(description, body.schema) : { properties: {} };
  const fields = [
    ...(one.parameters ?? []).map((given) => [given.name, given.schema, given.required, given.description]),
    ...Object.entries(schema.properties ?? {}).map(([name, given]) => [
      name,
      given,
      (schema.required ?? []).includes(name),
      given.description,
    ]),
  ];
  if (fields.length) part.append(table(fields));
  part.append(element("pre", "", curl(path, method, kind, fields)));
  part.append(answers(description, one));
  return part;
}

function table(fields) {
  const made = element("table");
  const head = made.createTHead().insertRow();
  for (const title of ["Field", "Type", "Meaning"]) {
    const cell = element("th", "", title);
    cell.scope = "col";
    head.append(cell);
  }
  const rows = made.createTBody();
  for (const [name, schema, required, meaning] of fields) {
    const row = rows.insertRow();
    row.insertCell().append(element("code", "", name));
    const otherwise = (schema.default ?? "") !== "" ? `, default ${schema.default}` : "";
    row.insertCell().textContent = `${typeOf(schema)}${required ? "" : otherwise || ", optional"}`;
    row.insertCell().textContent = meaning ?? "";
  }
  return made;
}

function typeOf(schema) {
  if (schema.anyOf) return typeOf(schema.anyOf.find((one) => one.type !== "null"));
  if (schema.type === "array") return `${typeOf(schema.items)}, repeated`;
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.format === "binary" || schema.contentMediaType) return "file";
  return schema.type ?? "text";
}

function curl(path, method, kind, fields) {
  const address = `${origin}${path.replace("{name}", "ada")}`;
  const query = path.includes("preview") ? "?version=1" : "";
  const lines = [`curl ${kind ? "" : "-s "}'${address}${query}'`];
  if (kind)
    for (const [name, schema, required] of fields) {
      if (!required && name !== "identity") continue;
      const value = { photo: "@photo.jpg", identity: "ada", token: "TOKEN" }[name] ?? "…";
      lines.push(`-F ${name}=${value}`);
    }
  if (path.endsWith("swap")) lines.push("-o swapped.jpg");
  return lines.join(" \\\n  ");
}

function answers(description, one) {
  const list = element("p", "soft");
  const good = Object.entries(one.responses).find(([status]) => status.startsWith("2"));
  const kinds = Object.keys(good?.[1].content ?? {}).join(", ");
  const schema = good?.[1].content?.["application/json"]?.schema;
  const named = schema?.$ref ? ` (${schema.$ref.split("/").pop()}: ${Object.keys(resolve(description, schema).properties).join(", ")})` : "";
  list.textContent = `Answers ${good?.[0]}${kinds ? ` ${kinds}` : ""}${named}; refusals: application/problem+json.`;
  return list;
}

function live() {
  const part = element("section", "operation");
  const head = element("h2");
  head.append(element("span", "method ws", "WS"), element("code", "", "/api/live?identity=NAME"));
  part.append(
    head,
    element("p", "", "Swap the frames of a camera. Send binary messages: a number (4 bytes, big-endian), then a JPEG. Each answer has the same number, the server's milliseconds (2 bytes), a byte, then the swapped JPEG. The byte is 1 for a swapped frame, 0 where no face was found, 2 for a frame that was passed over because a newer one had come. A text message is a refusal."),
  );
  return part;
}

function resolve(description, schema) {
  if (!schema?.$ref) return schema ?? {};
  return schema.$ref.split("/").slice(1).reduce((found, key) => found[key], description);
}
