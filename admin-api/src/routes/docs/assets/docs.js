"use strict";

// The search box: an operation stays in sight if it has all words that are typed; a tag if one of its operations does.
const box = document.getElementById("search");
const operations = [...document.querySelectorAll("article[data-words]")];
const links = new Map([...document.querySelectorAll("nav a[href^='#op-']")].map((link) => [link.hash.slice(1), link.parentElement]));
const tags = [...document.querySelectorAll("section.tag")];
const none = document.getElementById("nothing");

function search() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const operation of operations) {
    const fits = words.every((word) => operation.dataset.words.includes(word));
    operation.hidden = !fits;
    const link = links.get(operation.id);
    if (link) link.hidden = !fits;
    found += fits;
  }
  for (const tag of tags) {
    tag.hidden = words.length > 0 && !tag.querySelector("article:not([hidden])");
  }
  none.hidden = found > 0;
}

box.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== box) {
    event.preventDefault();
    box.focus();
  }
});
