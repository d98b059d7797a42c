// The identities as cards: one is chosen, like a radio button.
import { ask } from "./api.js";
import { element } from "./element.js";

const FEW = 8; // cards that need no filter
const list = document.getElementById("identities");
const filter = document.getElementById("filter");
const note = document.getElementById("note");
const count = document.getElementById("count");

export async function showGallery(chosen, onChoice, onAll) {
  list.replaceChildren(...Array.from({ length: 4 }, skeleton));
  let gallery;
  try {
    gallery = await (await ask("/api/identities")).json();
  } catch (error) {
    list.replaceChildren(nothing("The identities cannot be listed", error.message, true));
    list.removeAttribute("aria-busy");
    return;
  }
  const identities = gallery.identities;
  note.textContent = gallery.note ?? "";
  note.hidden = !gallery.note;
  onAll(identities);
  count.textContent = identities.length || "";
  filter.hidden = identities.length <= FEW;
  list.removeAttribute("aria-busy");
  if (!identities.length) {
    list.replaceChildren(
      nothing(
        "No identities yet",
        "Add one with “zoo identity add NAME PHOTOS”, train and register it with “dvc repro”, and look again.",
        true,
      ),
    );
    return;
  }
  list.replaceChildren(...identities.map((one) => card(one, onChoice)));
  const wanted = identities.find((one) => one.name === chosen) ?? identities[0];
  choose(wanted.name);
  onChoice(wanted);
}

filter.addEventListener("input", () => {
  const text = filter.value.trim().toLowerCase();
  for (const one of list.children) one.hidden = !one.dataset.name.includes(text);
});

function choose(name) {
  const radio = list.querySelector(`input[value="${CSS.escape(name)}"]`);
  radio.checked = true;
  radio.closest(".card").scrollIntoView({ block: "nearest", inline: "nearest" });
}

function card(one, onChoice) {
  const label = element("label", "card");
  label.dataset.name = one.name;
  const radio = element("input");
  Object.assign(radio, { type: "radio", name: "identity", value: one.name });
  radio.addEventListener("change", () => onChoice(one));
  const champion = one.aliases.includes("champion");
  const words = element("span", "words");
  words.append(
    element("span", "name", one.name),
    element("span", "kind", `v${one.version} · ${one.resolution} px · ${one.basis}`),
  );
  if (!champion) words.append(element("span", "badge", one.aliases[0] ?? "not promoted"));
  label.append(radio, face(one), words, scores(one.scores));
  return label;
}

function face(one) {
  const frame = element("span", "face");
  frame.append(element("span", "initial", one.name[0].toUpperCase()));
  const picture = element("img");
  picture.alt = "";
  picture.loading = "lazy";
  picture.decoding = "async";
  picture.onload = () => frame.classList.add("shown");
  picture.onerror = () => picture.remove();
  picture.src = one.preview;
  frame.append(picture);
  return frame;
}

function scores(figures) {
  const shown = element("span", "scores");
  const recognised = figures.top1_rate ?? figures.nearest_rate;
  if (recognised !== undefined) {
    const share = Math.round(100 * recognised);
    const judge = figures.top1_rate === undefined ? "dlib's descriptor, the weaker recogniser" : "SFace";
    shown.append(
      score("Likeness", `${share} %`, share, `Share of held-out photos that are recognised as this person, by ${judge}`),
    );
  }
  if (figures.landmark_difference !== undefined) {
    const moved = figures.landmark_difference;
    shown.append(
      score("Drift", `${moved.toFixed(1)} %`, 100 - 8 * moved, "How far features move, in percent of the distance of the eyes; less is better"),
    );
  }
  if (!shown.childElementCount) shown.append(element("span", "kind", "not measured"));
  return shown;
}

function score(name, value, share, title) {
  const one = element("span", "score");
  one.title = title;
  const meter = element("span", "level");
  meter.style.setProperty("--share", `${Math.max(3, Math.min(100, share))}%`);
  meter.setAttribute("aria-hidden", "true");
  one.append(element("span", "", name), element("b", "", value), meter);
  return one;
}

function skeleton() {
  const one = element("div", "card skeleton");
  one.append(element("span", "face"), element("span", "words"));
  return one;
}

function nothing(title, sentence, again) {
  const box = element("div", "nothing");
  box.append(element("strong", "", title), element("p", "", sentence));
  if (again) {
    const button = element("button", "button plain", "Look again");
    button.type = "button";
    button.addEventListener("click", () => location.reload());
    box.append(button);
  }
  return box;
}
