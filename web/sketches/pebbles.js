// A handful of pebbles sorts itself: those of like colour and size come to lie together.
let pebbles = [];

function setup() {
  createCanvas(480, 320);
  noStroke();
  randomSeed(5);
  const stones = ['#8a8f98', '#c9b79c', '#6b4a3a', '#d8d2c4', '#4f5a52', '#b0623f', '#2e3440'];
  pebbles = Array.from({ length: 300 }, (_, i) => {
    const stone = lerpColor(color(stones[i % 7]), color(random(stones)), random(0.25));
    const [x, y] = [random(width), random(height)];
    return { stone, x, y, toX: x, toY: y, size: random(9, 20), turn: random(PI) };
  });
  sortThem();
}

async function sortThem() {
  const rows = pebbles.map(({ stone, size }) => [red(stone), green(stone), blue(stone), 4 * size]);
  const onProgress = ({ points }) => points && lay(points);
  await gesso.tsne(rows, { perplexity: 20, iterations: 700, onProgress });
  describe(`${pebbles.length} pebbles, sorted by colour.`);
}

function lay({ data }) {
  const extent = max(...data.map((x) => abs(x)));
  for (const [i, pebble] of pebbles.entries()) {
    pebble.toX = width / 2 + (0.47 * width * data[2 * i]) / extent;
    pebble.toY = height / 2 + (0.45 * height * data[2 * i + 1]) / extent;
  }
}

function draw() {
  background('#eee9dd');
  for (const pebble of pebbles) {
    pebble.x = lerp(pebble.x, pebble.toX, 0.12);
    pebble.y = lerp(pebble.y, pebble.toY, 0.12);
    push();
    translate(pebble.x, pebble.y);
    rotate(pebble.turn);
    fill(40, 30, 20, 50);
    ellipse(1.5, 2, pebble.size * 1.25, pebble.size);
    fill(pebble.stone);
    ellipse(0, 0, pebble.size * 1.25, pebble.size);
    pop();
  }
}
