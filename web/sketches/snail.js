// A snail comes out of its shell for a leaf. It knows leaves from paintings, until you show it some of yours.
let garden; // what is looked at: a painting, or the camera
let camera;
let classifier;
let leaf = false; // whether the painting has one
let label = '';
let out = 0; // of its shell: from 0 to 1

function setup() {
  createCanvas(480, 400);
  garden = createGraphics(160, 120);
  garden.pixelDensity(1);
  createButton('A leaf').mousePressed(() => classifier.addImage('leaf'));
  createButton('No leaf').mousePressed(() => classifier.addImage('none'));
  createButton('Learn').mousePressed(learn);
  createButton('Use the camera').mousePressed(() => {
    camera = createCapture(VIDEO, () => {
      lookAt(camera, () =>
        describe('Show it a leaf, and none: some pictures of each. Then learn.'),
      );
    });
    camera.hide();
  });
  lookAt(garden, teachPaintings);
}

function lookAt(what, ready) {
  label = '';
  classifier = ml5.featureExtractor('MobileNet', ready).classification(what);
}

async function teachPaintings() {
  for (let i = 0; i < 16; i++) {
    paintGarden(i % 2 === 0);
    await classifier.addImage(leaf ? 'leaf' : 'none');
  }
  learn();
}

function learn() {
  classifier.train((loss) => {
    if (loss === null) classifier.classify(gotResults);
  });
}

function gotResults(error, results) {
  if (error) return; // the camera is new, and nothing was learned of it yet
  const now = results[0].label;
  const what = camera ? 'The' : leaf ? 'There is a leaf, and the' : 'There is no leaf, and the';
  if (now !== label) describe(`${what} snail ${now === 'leaf' ? 'comes out' : 'hides'}.`);
  label = now;
  classifier.classify(gotResults);
}

function paintGarden(grows) {
  leaf = grows;
  garden.background(lerpColor(color('#d8cbb2'), color('#b9ab94'), random()));
  garden.strokeWeight(2);
  for (let x = 2; x < 160; x += 5) {
    garden.stroke(random(['#8f7f63', '#a08c6a', '#7d7058']));
    garden.line(x, 120, x + random(-8, 8), random(88, 108));
  }
  if (!leaf) return;
  garden.push();
  garden.translate(80 + random(-30, 30), 56 + random(-12, 12));
  garden.rotate(random(-0.7, 0.7));
  garden.noStroke();
  garden.fill(lerpColor(color('#4f7d3a'), color('#7fa04a'), random()));
  garden.beginShape();
  for (let a = 0; a < TWO_PI; a += 0.1) garden.vertex(48 * cos(a), 26 * sin(a) * sin(a / 2));
  garden.endShape(CLOSE);
  garden.stroke('#dfe6c0');
  garden.line(-50, 0, 40, 0);
  for (let x = -28; x < 30; x += 12) {
    garden.line(x, 0, x + 9, -10);
    garden.line(x, 0, x + 9, 10);
  }
  garden.pop();
}

function draw() {
  if (!camera && label && frameCount % 180 === 0) paintGarden(!leaf);
  out = lerp(out, label === 'leaf' ? 1 : 0, 0.04);
  background('#efe6d2');
  noStroke();
  fill('#fbf7ec');
  rect(278, 22, 180, 137);
  image(camera ?? garden, 286, 30, 164, 121);
  fill('#6f7f4f');
  rect(0, 350, 480, 50);
  drawSnail(140 + 30 * out, 352);
}

function drawSnail(x, y) {
  const nose = x + 20 + 150 * out;
  const high = y - 18 - 82 * out;
  stroke('#c99f74');
  strokeWeight(34);
  line(x - 20 - 100 * out, y - 12, nose - 20, y - 14);
  line(nose - 20, y - 14, nose, high);
  strokeWeight(7);
  fill('#5b4630');
  for (const side of [-1, 1]) {
    const [tipX, tipY] = [
      nose + out * (18 + 16 * side),
      high - 58 * out + 6 * out * sin(frameCount / 30 + side),
    ];
    line(nose, high, tipX, tipY);
    circle(tipX, tipY, 12 * out);
  }
  noStroke();
  for (let i = 0; i < 90; i++) {
    const left = 1 - i / 90; // of the way into the shell
    const angle = 0.9 + 5 * PI * (1 - left);
    const far = 52 * left ** 1.4;
    const stripe = 0.5 + 0.5 * sin(i / 1.6) * left - left / 3;
    fill(lerpColor(color('#a5432a'), color('#f2d594'), constrain(stripe, 0, 1)));
    circle(x - 8 + far * cos(angle), y - 98 + far * sin(angle), 8 + 104 * left ** 1.3);
  }
}
