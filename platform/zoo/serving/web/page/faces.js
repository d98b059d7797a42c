// The faces of a photo: which are swapped, and whose face each of them gets.
import { element } from "./element.js";

const $ = (id) => document.getElementById(id);
const THUMB = 88; // pixels

let identities = []; // of the gallery

export function know(all) {
  identities = all;
}

// What is chosen for a photo: the faces, by number, and another identity for some of them.
export class Cast {
  constructor(faces) {
    this.chosen = new Set(faces.map((face) => face.number));
    this.other = new Map(); // "NAME:VERSION" by number
  }

  // As the server takes it; null if there is nobody to swap in or nothing to swap.
  wish(identity) {
    const numbers = [...this.chosen].sort((a, b) => a - b);
    const plain = numbers.filter((number) => !this.other.has(number));
    const wish = {};
    if (plain.length) Object.assign(wish, { identity: keyOf(identity), faces: plain.join(",") });
    const mapped = numbers.filter((number) => this.other.has(number));
    if (mapped.length) wish.map = mapped.map((number) => `${number}=${this.other.get(number)}`);
    return wish;
  }

  names(identity) {
    const names = [...this.chosen]
      .sort((a, b) => a - b)
      .map((number) => (this.other.get(number) ?? keyOf(identity)).replace(":", " v"));
    return [...new Set(names)];
  }
}

export function offerFaces(found, cast, changed) {
  const place = $("faces");
  place.hidden = found.faces.length < 2;
  if (place.hidden) return;
  place.replaceChildren(...found.faces.map((face) => one(face, found, cast, changed)));
}

function one(face, found, cast, changed) {
  const group = element("div", "person");
  const button = element("button", "thumb");
  button.type = "button";
  button.setAttribute("aria-pressed", "true");
  button.setAttribute("aria-label", `Face ${face.number + 1} of ${found.faces.length}`);
  button.append(cut(face, found));
  const outline = outlineOf(face, found);
  for (const event of ["pointerenter", "focusin"])
    group.addEventListener(event, () => outline.classList.add("shown"));
  for (const event of ["pointerleave", "focusout"])
    group.addEventListener(event, () => outline.classList.remove("shown"));
  const choice = whose(face, cast, changed);
  button.addEventListener("click", () => {
    const on = !cast.chosen.delete(face.number);
    if (on) cast.chosen.add(face.number);
    button.setAttribute("aria-pressed", String(on));
    if (choice) choice.disabled = !on;
    changed();
  });
  group.append(button, ...(choice ? [choice] : []));
  return group;
}

function whose(face, cast, changed) {
  if (identities.length < 2) return null;
  const usual = element("option", "", "as chosen");
  usual.value = "";
  const choice = identityChoice(`Identity for face ${face.number + 1}`);
  choice.prepend(usual);
  choice.value = "";
  choice.addEventListener("change", () => {
    if (choice.value) cast.other.set(face.number, choice.value);
    else cast.other.delete(face.number);
    changed();
  });
  return choice;
}

export function identityChoice(label) {
  const choice = element("select", "whose");
  choice.setAttribute("aria-label", label);
  for (const identity of identities) {
    const option = element("option", "", identity.name);
    option.value = keyOf(identity);
    choice.append(option);
  }
  return choice;
}

function cut(face, found) {
  const image = $("before");
  const scale = image.naturalWidth / found.width || 1;
  const canvas = element("canvas");
  canvas.width = canvas.height = THUMB;
  const side = (face.right - face.left) * 1.25;
  const [x, y] = [(face.left + face.right - side) / 2, (face.top + face.bottom - side) / 2];
  if (image.naturalWidth) {
    const part = [x * scale, y * scale, side * scale, side * scale];
    canvas.getContext("2d").drawImage(image, ...part, 0, 0, THUMB, THUMB);
  }
  return canvas;
}

function outlineOf(face, found) {
  const outline = element("div", "outline");
  const [width, height] = [found.width / 100, found.height / 100];
  outline.style.left = `${face.left / width}%`;
  outline.style.top = `${face.top / height}%`;
  outline.style.width = `${(face.right - face.left) / width}%`;
  outline.style.height = `${(face.bottom - face.top) / height}%`;
  $("outlines").append(outline);
  return outline;
}

export function keyOf(identity) {
  return `${identity.name}:${identity.version}`;
}
