// Point the camera at something. Its name is computed on this page; no picture leaves it.
let classifier;
let video;
let best = { label: 'Looking', confidence: 0 };

function setup() {
  createCanvas(480, 400);
  textFont('Georgia');
  video = createCapture(VIDEO);
  video.size(480, 360);
  video.hide();
  classifier = ml5.imageClassifier('MobileNet', { version: 1, alpha: 0.25, topk: 3 });
  classifier.classifyStart(video, gotResults);
}

function gotResults(results, error) {
  if (error) {
    describe(error.message);
    return;
  }
  if (best.label !== results[0].label) describe(`The camera, captioned ${results[0].label}`);
  best = results[0];
}

function draw() {
  background('#2b2622');
  image(video, 0, 0, 480, 360);
  noStroke();
  fill('#f6efe2');
  textSize(22);
  text(best.label, 16, 388);
  rect(0, 360, 480 * best.confidence, 4);
}
