// A brush keeps painting a one or a seven, and the network never looks away until you click.
let classifier;
let picture;
let label = '…';
let looks = 0;

function setup() {
  createCanvas(360, 420);
  textFont('Georgia');
  picture = createGraphics(360, 360);
  picture.pixelDensity(1);
  classifier = ml5.imageClassifier('digits');
  classifier.classifyStart(picture, 1, (results) => {
    label = results[0].label;
    looks++;
    describe(`It looks, and sees ${label}. Looks: ${looks}.`);
  });
}

function draw() {
  const lean = 60 * sin(frameCount / 40);
  picture.background(24, 34, 46);
  picture.stroke(255, 244, 220);
  picture.strokeWeight(30);
  picture.line(180 + lean, 70, 180 - lean, 290);
  if (lean > 0) picture.line(180 - lean, 70, 180 + lean, 70);

  background('#f6efe2');
  image(picture, 0, 0);
  noStroke();
  fill('#2b2622');
  textSize(32);
  text(`I see a ${label}`, 20, 402);
}

function mousePressed() {
  classifier.classifyStop();
  describe(`It has stopped looking. Looks: ${looks}.`);
}
