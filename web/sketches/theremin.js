// A string between two hands: the right one tunes it, the left one makes it loud. A puppet plays until you do.
let bodyPose;
let stage; // what is looked at: the camera, or a puppet that follows the mouse
let camera;
let tone;
let poses = [];
let note = '';
const notes = [
  'A',
  'B flat',
  'B',
  'C',
  'C sharp',
  'D',
  'E flat',
  'E',
  'F',
  'F sharp',
  'G',
  'A flat',
];

function setup() {
  createCanvas(480, 400);
  textFont('Georgia');
  stage = createGraphics(480, 360);
  stage.pixelDensity(1);
  createButton('Sound on or off').mousePressed(playOrRest);
  createButton('Use the camera').mousePressed(() => {
    camera = createCapture(VIDEO);
    camera.hide();
  });
  bodyPose = ml5.bodyPose(() => bodyPose.detectStart(stage, (found) => (poses = found)));
}

function playOrRest() {
  if (!tone) {
    const audio = new AudioContext();
    tone = { audio, string: audio.createOscillator(), loudness: audio.createGain() };
    tone.loudness.gain.value = 0;
    tone.string.connect(tone.loudness).connect(audio.destination);
    tone.string.start();
  } else if (tone.audio.state === 'running') tone.audio.suspend();
  else tone.audio.resume();
}

function draw() {
  if (camera?.elt.readyState > 1) showCamera();
  else showPuppet();
  background('#211d1b');
  image(stage, 0, 0);
  fill(33, 29, 27, 150);
  noStroke();
  rect(0, 0, 480, 360);
  if (poses.length === 0) return;

  const { left_wrist: tuner, right_wrist: bow } = poses[0];
  const half = constrain(floor(map(tuner.y, 340, 20, 0, 36)), 0, 36); // notes above a low A
  const loud = constrain(map(bow.y, 320, 60, 0, 1), 0, 1);
  tone?.string.frequency.setTargetAtTime(110 * 2 ** (half / 12), tone.audio.currentTime, 0.03);
  tone?.loudness.gain.setTargetAtTime(0.25 * loud, tone.audio.currentTime, 0.03);
  if (notes[half % 12] !== note) describe(`The string sounds ${notes[half % 12]}.`);
  note = notes[half % 12];

  noFill();
  strokeWeight(4);
  for (const shift of [-1, 0, 1]) {
    stroke(240, 184 + 30 * shift, 70, shift ? 120 : 255);
    beginShape();
    for (let t = 0; t <= 1.001; t += 0.01) {
      const swing =
        46 * loud * sin(PI * t) * sin(t * (half + 6) * 1.5 + frameCount * (1 + shift / 9));
      vertex(lerp(bow.x, tuner.x, t), lerp(bow.y, tuner.y, t) + swing);
    }
    endShape();
  }
  fill('#f6efe2');
  noStroke();
  for (const { x, y } of [bow, tuner]) circle(x, y, 22);
  textSize(22);
  text(note, 16, 388);
}

function showCamera() {
  stage.push();
  stage.scale(-1, 1); // as a mirror
  stage.image(camera, -480, 0, 480, 360);
  stage.pop();
}

function showPuppet() {
  const sway = frameCount / 50;
  const loud = mouseX || 240 + 200 * sin(sway);
  const high = mouseY || 180 - 130 * sin(1.3 * sway);
  stage.background('#cbc3b5');
  drawLimb('#45423e', 34, [218, 218, 212, 280, 210, 335]);
  drawLimb('#45423e', 34, [262, 218, 268, 280, 270, 335]);
  drawLimb('#3a56a8', 74, [240, 128, 240, 195]);
  drawLimb('#d39a72', 22, [240, 60, 240, 95]);
  const hands = [constrain(map(loud, 0, 480, 320, 50), 50, 320), constrain(high, 30, 320)];
  for (const [i, side] of [-1, 1].entries()) {
    const reach = 96 + 30 * sin((PI * hands[i]) / 360);
    const elbow = [240 + side * 86, 0.5 * (112 + hands[i]) + 18];
    drawLimb('#3a56a8', 26, [240 + 40 * side, 110, ...elbow]);
    drawLimb('#d39a72', 18, [...elbow, 240 + side * reach, hands[i]]);
  }
  stage.noStroke();
  stage.fill('#2a1a10');
  stage.ellipse(240, 48, 58, 66);
  stage.fill('#e0ab84');
  stage.ellipse(240, 56, 48, 60);
  stage.fill('#2a1a10');
  for (const side of [-1, 1]) stage.ellipse(240 + 10 * side, 52, 7, 6);
  stage.fill('#a8694a');
  stage.triangle(240, 55, 236, 66, 244, 66);
  stage.rect(232, 73, 16, 4, 2);
}

function drawLimb(colour, weight, joints) {
  stage.noFill();
  stage.stroke(colour);
  stage.strokeWeight(weight);
  for (let i = 2; i < joints.length; i += 2) stage.line(...joints.slice(i - 2, i + 2));
}
