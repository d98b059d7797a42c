// A photo: chosen, its faces found, swapped, compared by a slider, downloaded.
import { ask, form } from "./api.js";
import { element } from "./element.js";

const $ = (id) => document.getElementById(id);
const THUMB = 88; // pixels

let limits = { max_bytes: Infinity };
let identity = null;
let photo = null; // { file, address, faces, chosen }
let result = null; // { address, name }
let running = null; // the AbortController of what is under way
const cache = new Map(); // results of this photo by identity, faces and seam

export async function startPhoto(announce) {
  const take = (file) => file && choose(file, announce);
  $("file").addEventListener("change", () => {
    take($("file").files[0]);
    $("file").value = ""; // the same file may be chosen again
  });
  $("another").addEventListener("click", () => $("file").click());
  $("method").addEventListener("change", () => swap(announce));
  $("slider").addEventListener("input", split);
  $("download").addEventListener("click", (event) => result || event.preventDefault());
  acceptDrops($("photo-stage"), take);
  addEventListener("paste", (event) => take([...event.clipboardData.files][0]));
  try {
    limits = await (await ask("/api/limits")).json();
    $("limits").textContent = `Up to ${Math.floor(limits.max_bytes / 1e6)} MB. `;
  } catch {
    // The gallery says that the server does not answer.
  }
}

export function useIdentity(one, announce) {
  identity = one;
  if (photo?.faces) swap(announce);
}

export function takeFile(file, announce) {
  return choose(file, announce);
}

async function choose(file, announce) {
  running?.abort();
  const stop = (running = new AbortController());
  clear();
  if (file.size > limits.max_bytes) {
    const most = Math.floor(limits.max_bytes / 1e6);
    fail(`${file.name} is ${(file.size / 1e6).toFixed(1)} MB; this server takes up to ${most} MB.`);
    return;
  }
  photo = { file, address: URL.createObjectURL(file), faces: null, chosen: new Set() };
  await show(photo.address);
  if (stop.signal.aborted) return;
  busy("Looking for faces");
  try {
    const answer = await ask("/api/faces", { ...form({ photo: file }), signal: stop.signal });
    const found = await answer.json();
    photo.faces = found.faces;
    photo.chosen = new Set(found.faces.map((face) => face.number));
    shape(found.width, found.height);
    await offerFaces(found, announce);
  } catch (error) {
    if (error.name !== "AbortError") fail(error.message, announce);
    return;
  }
  await swap(announce);
}

async function swap(announce) {
  if (!photo?.faces) return;
  $("photo-error").hidden = true;
  if (!identity) {
    busy(null);
    facts("Choose an identity to swap in.");
    return;
  }
  if (!photo.chosen.size) {
    busy(null);
    showResult(null);
    facts("Choose at least one face.");
    return;
  }
  const wish = {
    identity: `${identity.name}:${identity.version}`,
    faces: [...photo.chosen].sort((a, b) => a - b).join(","),
    method: $("method").value,
  };
  const key = JSON.stringify(wish);
  running?.abort();
  const stop = (running = new AbortController());
  try {
    if (!cache.has(key)) {
      busy(`Swapping in ${identity.name}`);
      const started = performance.now();
      const options = { ...form({ photo: photo.file, ...wish }), signal: stop.signal };
      const answer = await ask("/api/swap", options);
      const picture = await answer.blob();
      cache.set(key, {
        address: URL.createObjectURL(picture),
        name: nameOf(answer, picture),
        bytes: picture.size,
        faces: Number(answer.headers.get("Zoo-Faces")),
        dropped: answer.headers.get("Zoo-Dropped"),
        seconds: (performance.now() - started) / 1000,
        identity: identity.name,
        version: identity.version,
      });
    }
    if (stop.signal.aborted) return;
    showResult(cache.get(key));
    announce(`${identity.name} is swapped in.`);
  } catch (error) {
    if (error.name !== "AbortError") fail(error.message, announce);
  }
}

function showResult(made) {
  result = made;
  busy(null);
  const shown = Boolean(made);
  for (const id of ["after", "line", "slider", "tag-before", "tag-after"]) $(id).hidden = !shown;
  const link = $("download");
  link.toggleAttribute("href", shown);
  link.setAttribute("aria-disabled", String(!shown));
  if (!made) return;
  $("after").src = made.address;
  $("after").alt = `Your photo with ${made.identity} swapped in`;
  $("tag-after").textContent = made.identity;
  link.href = made.address;
  link.download = made.name;
  const count = made.faces === 1 ? "1 face" : `${made.faces} faces`;
  const dropped = made.dropped ? ` · left out: ${made.dropped}` : "";
  facts(`${made.identity} v${made.version} · ${count} · ${made.seconds.toFixed(2)} s · signed as synthetic${dropped}`);
  split();
}

function split() {
  const at = Number($("slider").value);
  $("picture").style.setProperty("--split", `${at}%`);
  $("slider").setAttribute("aria-valuetext", `${at} percent photo, ${100 - at} percent swap`);
}

async function show(address) {
  $("drop").hidden = true;
  $("picture").hidden = false;
  $("photo-strip").hidden = false;
  const image = $("before");
  image.src = address;
  try {
    await image.decode();
    shape(image.naturalWidth, image.naturalHeight);
    $("picture").classList.remove("unseen-before");
  } catch {
    // This browser cannot show the format; the server may still read it.
    $("picture").classList.add("unseen-before");
    shape(4, 3);
  }
}

function shape(width, height) {
  $("picture").style.setProperty("--ratio", width / height);
  $("picture").style.setProperty("--natural", `${Math.max(width, 160)}px`);
}

async function offerFaces(found, announce) {
  const place = $("faces");
  place.hidden = found.faces.length < 2;
  if (place.hidden) return;
  const image = $("before");
  const scale = image.naturalWidth / found.width || 1;
  place.replaceChildren(
    ...found.faces.map((face) => {
      const button = element("button", "thumb");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.setAttribute("aria-label", `Face ${face.number + 1} of ${found.faces.length}`);
      const canvas = element("canvas");
      canvas.width = canvas.height = THUMB;
      const side = (face.right - face.left) * 1.25;
      const [x, y] = [(face.left + face.right - side) / 2, (face.top + face.bottom - side) / 2];
      if (image.naturalWidth) {
        const part = [x * scale, y * scale, side * scale, side * scale];
        canvas.getContext("2d").drawImage(image, ...part, 0, 0, THUMB, THUMB);
      }
      button.append(canvas);
      const outline = outlineOf(face, found);
      for (const event of ["pointerenter", "focus"])
        button.addEventListener(event, () => outline.classList.add("shown"));
      for (const event of ["pointerleave", "blur"])
        button.addEventListener(event, () => outline.classList.remove("shown"));
      button.addEventListener("click", () => {
        const on = !photo.chosen.delete(face.number);
        if (on) photo.chosen.add(face.number);
        button.setAttribute("aria-pressed", String(on));
        swap(announce);
      });
      return button;
    }),
  );
  announce(`${found.faces.length} faces found; all are chosen.`);
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

function clear() {
  showResult(null);
  if (photo) URL.revokeObjectURL(photo.address);
  for (const made of cache.values()) URL.revokeObjectURL(made.address);
  cache.clear();
  photo = null;
  $("photo-error").hidden = true;
  $("drop").hidden = false;
  $("picture").hidden = true;
  $("photo-strip").hidden = true;
  $("faces").hidden = true;
  $("outlines").replaceChildren();
  facts("");
}

function fail(sentence, announce = () => {}) {
  busy(null);
  $("photo-error").textContent = sentence;
  $("photo-error").hidden = false;
  announce("");
  if (photo && !photo.faces) {
    const [kept, shown] = [photo.address, $("before").src];
    facts("");
    if (kept === shown) showResult(null);
  }
}

function busy(text) {
  $("busy").hidden = !text;
  if (text) $("busy-text").textContent = text;
  $("picture").setAttribute("aria-busy", String(Boolean(text)));
}

function facts(text) {
  $("facts").textContent = text;
}

function nameOf(answer, picture) {
  const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
  return named?.[1] ?? `swapped.${picture.type.split("/")[1]}`;
}

function acceptDrops(stage, take) {
  let depth = 0;
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    stage.classList.toggle("over", depth > 0);
  };
  stage.addEventListener("dragenter", (event) => (event.preventDefault(), mark(1)));
  stage.addEventListener("dragleave", () => mark(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault(); // a photo dropped beside the stage must not replace the page
    mark(-depth);
    take(event.dataTransfer.files[0]);
  });
}
