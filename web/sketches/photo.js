// A photo, and in words what a network of two megabytes takes it for.
let classifier;
let photo;
let results = [];

function setup() {
  createCanvas(480, 360);
  textFont('Georgia');
  classifier = ml5.imageClassifier('MobileNet');
  loadImage('sketches/coffee.webp', look); // by Rachel Michetti, CC0
}

async function look(loaded) {
  photo = loaded;
  results = await classifier.classify(photo, 5);
  describe(results.map(({ label }) => label).join('; '));
}

function draw() {
  background('#2b2622');
  if (photo) image(photo, 0, 0, 480, (480 * photo.height) / photo.width);
  noStroke();
  fill(43, 38, 34, 200);
  rect(0, 250, 480, 110);
  fill('#f6efe2');
  for (const [i, { label, confidence }] of results.entries()) {
    textSize(i === 0 ? 22 : 13);
    text(`${label}, ${round(100 * confidence)} %`, 16, (i === 0 ? 278 : 282) + 17 * i);
  }
}
