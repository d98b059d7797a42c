// Reference photos: a person, by a photo of them, gets an identity in every photo that shows them.
import { element } from "./element.js";
import { identityChoice, keyOf } from "./faces.js";

const $ = (id) => document.getElementById(id);
const RESERVED = /^(all|largest|left|right|[\d,]+)$/; // which the server takes for a place or a number

const people = []; // { file, name, key }

export function startReferences(limits, current, changed, refuse) {
  $("reference").addEventListener("change", () => {
    const files = [...$("reference").files];
    $("reference").value = ""; // the same file may be chosen again
    let added = false;
    for (const file of files) {
      const wrong = problem(file, limits());
      if (wrong) refuse(wrong);
      else added = add(file, current(), changed);
    }
    if (added) changed();
  });
}

// What a request carries beside the photo.
export function wishOfPeople() {
  if (!people.length) return {};
  return { map: people.map((one) => `${one.name}=${one.key}`), reference: people.map((one) => [one.file, one.name]) };
}

export function namesOfPeople() {
  return people.map((one) => one.key.replace(":", " v"));
}

// Why the photo and all references are too much for one request, if they are.
export function tooMuch(photo, limits) {
  const size = people.reduce((sum, one) => sum + one.file.size, photo.size);
  if (size <= limits.max_bytes) return null;
  const most = Math.floor(limits.max_bytes / 1e6);
  return `The photo and its reference photos have ${(size / 1e6).toFixed(1)} MB together; this server takes up to ${most} MB. Remove one, or make them smaller.`;
}

function problem(file, limits) {
  if (file.size > limits.max_bytes) {
    const most = Math.floor(limits.max_bytes / 1e6);
    return `${file.name} is ${(file.size / 1e6).toFixed(1)} MB; this server takes up to ${most} MB.`;
  }
  if (people.length >= limits.max_references)
    return `${file.name} is one too many: this server takes ${limits.max_references} reference photos; remove another first.`;
  return null;
}

function add(file, current, changed) {
  const choice = identityChoice(`Identity for the person of ${file.name}`);
  if (!choice.options.length) return false;
  const other = [...choice.options].find((option) => !current || option.value !== keyOf(current));
  choice.value = (other ?? choice.options[0]).value;
  const one = { file, name: nameFor(file), key: choice.value };
  people.push(one);
  choice.addEventListener("change", () => {
    one.key = choice.value;
    changed();
  });
  const row = element("div", "reference");
  const image = element("img");
  image.alt = "";
  image.src = URL.createObjectURL(file);
  const remove = element("button", "remove", "×");
  remove.type = "button";
  remove.setAttribute("aria-label", `Remove ${file.name}`);
  remove.addEventListener("click", () => {
    people.splice(people.indexOf(one), 1);
    URL.revokeObjectURL(image.src);
    row.remove();
    $("reference").focus();
    changed();
  });
  const name = element("span", "file", file.name);
  name.title = file.name;
  row.append(image, name, choice, remove);
  $("references").append(row);
  return true;
}

// A name of its own, in which forms change no character and which is no place or number.
function nameFor(file) {
  const plain = file.name.replace(/["\\/\r\n]/g, "_").slice(-200);
  let name = plain;
  for (let number = 2; RESERVED.test(name) || people.some((one) => one.name === name); number++)
    name = `${number}-${plain}`;
  return name;
}
