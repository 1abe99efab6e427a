// Pebbles sort themselves: those of like colour come together, and then find a place each.
let pebbles = [];

function setup() {
  createCanvas(480, 320);
  noStroke();
  randomSeed(5);
  const stones = ['#8a8f98', '#c9b79c', '#6b4a3a', '#d8d2c4', '#4f5a52', '#b0623f', '#2e3440'];
  pebbles = Array.from({ length: 300 }, (_, i) => {
    const stone = lerpColor(color(stones[i % 7]), color(random(stones)), random(0.7));
    const [x, y] = [random(width), random(height)];
    return { stone, x, y, toX: x, toY: y, size: random(9, 20), turn: random(PI) };
  });
  sortThem();
}

async function sortThem() {
  const rows = pebbles.map(({ stone, size }) => [red(stone), green(stone), blue(stone), 3 * size]);
  const onProgress = ({ points }) => points && lay(points, max(...points.data.map((x) => abs(x))));
  const { points } = await gesso.tsne(rows, { perplexity: 30, iterations: 600, onProgress });
  const grid = await gesso.gridOf(points, { columns: 20 });
  lay({ data: grid.points.data.map((x, k) => 2 * x - (k % 2 ? 14 : 19)) }, 20, 14 / 20);
  describe(`${pebbles.length} pebbles, sorted by colour.`);
}

function lay({ data }, extent, flat = 1) {
  for (const [i, pebble] of pebbles.entries()) {
    pebble.toX = width / 2 + (0.47 * width * data[2 * i]) / extent;
    pebble.toY = height / 2 + (0.45 * height * data[2 * i + 1]) / (extent * flat);
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
