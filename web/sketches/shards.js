// Open your mouth, and your face flies apart. A painted one does it until you do.
let faceMesh;
let stage; // what is looked at: the camera, or a painted face that follows the mouse
let camera;
let triangles = [];
let faces = [];
let words = '';

function setup() {
  createCanvas(480, 400);
  stage = createGraphics(480, 400);
  stage.pixelDensity(1);
  createButton('Use the camera').mousePressed(() => {
    camera = createCapture(VIDEO);
    camera.hide();
  });
  faceMesh = ml5.faceMesh(() => {
    triangles = faceMesh.getTriangles();
    faceMesh.detectStart(stage, (found) => (faces = found));
  });
}

function draw() {
  if (camera?.elt.readyState > 1) showCamera();
  else showFace();
  background('#211d1b');
  image(stage, 0, 0);
  background(33, 29, 27, 190);
  for (const face of faces) flyApart(face);
}

function flyApart({ keypoints, lips, faceOval }) {
  const open = abs(keypoints[13].y - keypoints[14].y) / lips.width;
  const now = open > 0.25 ? 'The face flies apart.' : 'The face is whole.';
  if (now !== words) describe(now);
  words = now;
  const pen = drawingContext;
  for (const corners of triangles) {
    const [a, b, c] = corners.map((i) => keypoints[i]);
    const [x, y] = [(a.x + b.x + c.x) / 3, (a.y + b.y + c.y) / 3];
    const [dx, dy] = [1.6 * open * (x - faceOval.centerX), 1.6 * open * (y - faceOval.centerY)];
    pen.save();
    pen.translate(dx, dy);
    pen.beginPath();
    for (const { x, y } of [a, b, c]) pen.lineTo(x, y);
    pen.clip();
    image(stage, 0, 0);
    pen.restore();
  }
}

function showCamera() {
  stage.push();
  stage.scale(-1, 1); // as a mirror
  stage.image(camera, -480, 0, 480, 400);
  stage.pop();
}

function showFace() {
  const beat = frameCount / 40;
  const turn = ((mouseX || 240 + 200 * sin(0.7 * beat)) - 240) / 10;
  const open = constrain((mouseY || 180 + 200 * sin(beat)) / 6 - 24, 0, 40);
  stage.background('#cbc3b5');
  stage.noStroke();
  const dot = (colour, x, y, wide, high) => {
    stage.fill(colour);
    stage.ellipse(240 + x, 190 + y, wide, high);
  };
  dot('#3f6f4c', 0, 230, 330, 170);
  dot('#9a6243', 0, 120, 76, 130);
  dot('#2a1a10', 0, -26, 190, 224);
  dot('#dba57c', 0, open / 4, 166, 212 + open / 2);
  dot('#2a1a10', 0, -98, 140, 44);
  for (const side of [-1, 1]) {
    dot('#3a2618', turn + 36 * side, -40, 44, 8);
    dot('#b98462', turn + 36 * side, -16, 46, 28);
    dot('#f4efe8', turn + 36 * side, -14, 34, 18);
    dot('#2d1d14', 1.3 * turn + 36 * side, -14, 16, 18);
    dot('#a8694a', 1.3 * turn + 9 * side, 34, 10, 7);
  }
  dot('#edbf98', 1.4 * turn, 18, 20, 44);
  dot('#9c4a3c', turn, 66 + open / 2, 64, 18 + open);
  dot('#3a1512', turn, 66 + open / 2, 48, 3 + open);
}
