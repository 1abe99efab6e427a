// Teach it three gestures, and the sea obeys them: calm, wind, storm. A painted hand plays until you do.
const moods = ['calm', 'wind', 'storm'];
const waves = { calm: 4, wind: 22, storm: 64 };
let extractor;
let hand; // what is looked at: the camera, or a painting of a hand
let camera;
let stop = () => {}; // ends the capture
let rest = () => {}; // ends the watching
let mood = '';
let height = 10;

function setup() {
  createCanvas(480, 400);
  hand = createGraphics(160, 160);
  hand.pixelDensity(1);
  for (const name of moods) {
    const button = createButton(`Hold: ${name}`);
    button.mousePressed(() => (stop = extractor.capture(seen(), name)));
    button.mouseReleased(() => stop());
  }
  createButton('Learn').mousePressed(learn);
  createButton('Use the camera').mousePressed(async () => {
    await extractor.clear();
    camera = createCapture(VIDEO);
    camera.hide();
    describe('Show it a gesture for each, hold the buttons, and let it learn.');
  });
  extractor = gesso.featureExtractor('mobilenet');
  teachPaintings();
}

const seen = () => (camera ? camera.elt : hand.elt);

async function teachPaintings() {
  for (let i = 0; i < 24; i++) {
    paintHand(i % 3);
    await extractor.addImage(hand.elt, moods[i % 3]);
  }
  await learn();
}

async function learn() {
  await extractor.train({ epochs: 30 });
  rest();
  rest = extractor.watch(seen(), ([best]) => {
    if (best.label !== mood) describe(`The sea has ${best.label}.`);
    mood = best.label;
  });
}

// One finger lies flat, two point up aslant, three are spread.
function paintHand(kind) {
  hand.background(lerpColor(color('#c9bfae'), color('#a89d8c'), random()));
  hand.translate(80 + random(-12, 12), 104 + random(-12, 12));
  hand.stroke('#9a6243');
  hand.strokeWeight(26);
  hand.point(0, 0);
  const fingers = [
    [[60, 0]],
    [
      [34, -62],
      [58, -40],
    ],
    [
      [-44, -60],
      [0, -76],
      [46, -58],
    ],
  ][kind];
  hand.strokeWeight(17);
  for (const [x, y] of fingers) hand.line(0, 0, x, y);
  hand.resetMatrix();
}

function draw() {
  if (!camera && mood && frameCount % 150 === 0) paintHand(floor(random(3)));
  height = lerp(height, waves[mood] ?? 10, 0.04);
  background(lerpColor(color('#e9d8b4'), color('#39424e'), height / 64));
  noStroke();
  for (let row = 0; row < 9; row++) {
    fill(lerpColor(color('#7fb0ae'), color('#12303f'), row / 9));
    beginShape();
    vertex(0, 400);
    for (let x = 0; x <= 480; x += 8) {
      const swell = noise(x / 150 + row, frameCount / 90 + row) - 0.5;
      vertex(
        x,
        150 + row * 28 + swell * height * 3 + (sin(x / 24 + row + frameCount / 20) * height) / 6,
      );
    }
    vertex(480, 400);
    endShape(CLOSE);
  }
  if (camera) image(camera, 376, 12, 92, 69);
  else image(hand, 400, 12, 68, 68);
}
