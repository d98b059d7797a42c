// What the page does: an identity is chosen on one side, used on the other.
import * as camera from "./camera.js";
import { know } from "./faces.js";
import { showGallery } from "./gallery.js";
import * as photo from "./photo.js";

const $ = (id) => document.getElementById(id);
const tabs = { photo: $("photo-tab"), camera: $("camera-tab") };
const wanted = new URLSearchParams(location.hash.slice(1)); // #identity=ada&mode=camera

function announce(text) {
  $("announce").textContent = text;
}

function openTab(name) {
  for (const [key, tab] of Object.entries(tabs)) {
    const on = key === name;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    $(key).hidden = !on;
  }
  if (name !== "camera") camera.stopCamera();
}

for (const [name, tab] of Object.entries(tabs)) {
  tab.addEventListener("click", () => openTab(name));
  tab.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const other = name === "photo" ? "camera" : "photo";
    openTab(other);
    tabs[other].focus();
  });
}

photo.startPhoto(announce);
camera.startCamera(announce, (file) => {
  openTab("photo");
  photo.takeFile(file, announce);
});

await showGallery(wanted.get("identity"), (one) => {
  document.querySelector(".to").textContent = `, to swap in ${one.name}`;
  document.querySelector(".as").textContent = one.name;
  photo.useIdentity(one, announce);
  camera.useIdentity(one);
}, know);
if (wanted.get("mode") === "camera") {
  openTab("camera");
  camera.open(announce);
}
document.documentElement.dataset.ready = "true";
