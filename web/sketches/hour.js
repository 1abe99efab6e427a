// It learns to tell the hour from thirty skies, and then turns the hands of a clock by what it sees.
let extractor;
let sky;
let slider;
let guess; // the hour that it sees

function setup() {
  createCanvas(480, 400);
  sky = createGraphics(240, 200);
  sky.pixelDensity(1);
  slider = createSlider(5, 21, 12, 0.1);
  slider.attribute('aria-label', 'The hour to paint');
  extractor = gesso.featureExtractor('mobilenet', { task: 'regression' });
  learn();
}

async function learn() {
  for (let i = 0; i < 30; i++) {
    const hour = 5 + (16 * i) / 29;
    paintSky(hour);
    await extractor.addImage(sky.elt, hour);
  }
  await extractor.train({ epochs: 150 });
  look();
}

async function look() {
  const hour = slider.value();
  paintSky(hour);
  const [{ value }] = await extractor.predict(sky.elt);
  guess = value;
  describe(`The sky is that of ${clock(hour)}, and it sees ${clock(value)}.`);
  setTimeout(look, 100);
}

const clock = (hour) => `${floor(hour)}:${nf(floor((hour % 1) * 60), 2)}`;

// From a lilac morning to a golden evening, with a sun that wanders, and clouds that are never the same.
function paintSky(hour) {
  const day = (hour - 5) / 16;
  const light = sin(day * PI);
  const top = lerpColor(
    color('#101936'),
    lerpColor(color('#7fa8f0'), color('#33659e'), day),
    light,
  );
  const low = lerpColor(color('#d3b6ea'), color('#f2a03c'), day);
  for (let y = 0; y < 200; y++) {
    sky.stroke(lerpColor(top, low, y / 200));
    sky.line(0, y, 240, y);
  }
  sky.noStroke();
  sky.fill(lerpColor(color('#ff7a3c'), color('#fff6cf'), light));
  sky.circle(map(hour, 5, 21, 10, 230), 190 - 150 * light, 44);
  sky.fill(255, 255, 255, 60);
  for (let i = 0; i < 5; i++)
    sky.ellipse(random(240), random(30, 120), random(40, 90), random(6, 18));
  sky.fill('#1d2a25');
  sky.rect(0, 186, 240, 14);
}

function draw() {
  background('#211d1b');
  image(sky, 0, 0, 480, 400);
  if (guess === undefined) return;
  translate(400, 80);
  strokeCap(ROUND);
  fill('#f6efe2');
  noStroke();
  circle(0, 0, 124);
  stroke('#211d1b');
  strokeWeight(2);
  for (let hour = 0; hour < 12; hour++) {
    const angle = (hour / 6) * PI;
    line(50 * sin(angle), 50 * cos(angle), 56 * sin(angle), 56 * cos(angle));
  }
  for (const [turn, long, thick] of [
    [guess / 12, 30, 6],
    [guess, 46, 3],
  ]) {
    strokeWeight(thick);
    line(0, 0, long * sin(TWO_PI * turn), -long * cos(TWO_PI * turn));
  }
}
