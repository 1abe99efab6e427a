// Pictures on a device: a shader makes them the input of a program, as core/image.cpp does.
import type { Picture } from '../image.js';
import type { Preprocess } from '../recipe.js';
import { type Buffers, usage } from './buffers.js';
import type { PlannedPort } from './plan.js';

/** A picture on its way into the first input of a program. */
export interface ShownPicture {
  /** Read when the program runs. */
  source: Picture;
  /** Whether it is a square that may be turned; else all of the picture, as far as it fits. */
  isSquare: boolean;
  /** What CoreProgram.placeSquare() or placeImage() gives. Used at once. */
  place(): Float32Array | Uint8Array;
  colours: Pick<Preprocess, 'mean' | 'std' | 'binarize'>;
}

// WebGPU's flags by words: Node has no globals for them.
const textureUsage = 2 | 4 | 16; // copied to, read by shaders, and drawn on, which copying may need

const groupSide = 8;
const headBytes = 40; // of How in the shader, before what place() gives

/** What a device needs for pictures: one texture, as large as the largest of them. */
export class Pictures {
  readonly #device: GPUDevice;
  readonly #buffers: Buffers;
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  #texture: GPUTexture | undefined;
  #how: GPUBuffer | undefined;
  #held: Picture | undefined; // by the texture

  constructor(device: GPUDevice, buffers: Buffers) {
    this.#device = device;
    this.#buffers = buffers;
  }

  /** Whether a picture is small enough for the device. */
  takes({ width, height }: Picture): boolean {
    return Math.max(width, height) <= this.#device.limits.maxTextureDimension2D;
  }

  /** Whether there is all that a picture needs. */
  isReady({ source, ...how }: ShownPicture, port: PlannedPort): boolean {
    const texture = this.#texture;
    const hasRoom = texture && texture.width >= source.width && texture.height >= source.height;
    return hasRoom === true && this.#pipelines.has(shaderOf(how, port));
  }

  /** Makes a picture the input of a program before whatever is encoded next. */
  encode(
    encoder: GPUCommandEncoder,
    shown: ShownPicture,
    port: PlannedPort,
    elements: GPUBuffer,
  ): void {
    const pipeline = this.#pipeline(shaderOf(shown, port));
    const entries = [
      { binding: 0, resource: this.#hold(shown.source).createView() },
      { binding: 1, resource: { buffer: this.#tell(shown) } },
      { binding: 2, resource: { buffer: elements } },
    ];
    const layout = pipeline.getBindGroupLayout(0);
    const [, rows = 1, columns = 1] = port.shape;
    const pass = encoder.beginComputePass({ label: 'picture' });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, this.#device.createBindGroup({ label: 'picture', layout, entries }));
    pass.dispatchWorkgroups(Math.ceil(columns / groupSide), Math.ceil(rows / groupSide));
    pass.end();
  }

  /** Frees the memory; the next picture makes it again. */
  trim(): void {
    this.#texture?.destroy();
    if (this.#how) this.#buffers.destroy(this.#how);
    this.#texture = this.#how = this.#held = undefined;
    this.#pipelines.clear();
  }

  #pipeline(code: string): GPUComputePipeline {
    let pipeline = this.#pipelines.get(code);
    if (pipeline === undefined) {
      const module = this.#device.createShaderModule({ label: 'picture', code });
      const compute = { module, entryPoint: 'main' };
      pipeline = this.#device.createComputePipeline({ label: 'picture', layout: 'auto', compute });
      this.#pipelines.set(code, pipeline);
    }
    return pipeline;
  }

  /** The texture, with a picture in its upper left corner. */
  #hold(picture: Picture): GPUTexture {
    const { width, height } = picture;
    const texture = this.#room(width, height);
    if (this.#held === picture) return texture;
    const { queue } = this.#device;
    if ('data' in picture) {
      const data = picture.data as Uint8Array<ArrayBuffer>;
      queue.writeTexture({ texture }, data, { bytesPerRow: 4 * width }, [width, height]);
    } else {
      queue.copyExternalImageToTexture({ source: picture }, { texture }, [width, height]);
    }
    this.#held = picture;
    return texture;
  }

  #room(width: number, height: number): GPUTexture {
    const { width: across = 0, height: down = 0 } = this.#texture ?? {};
    if (this.#texture && across >= width && down >= height) return this.#texture;
    this.#texture?.destroy();
    this.#held = undefined;
    this.#texture = this.#device.createTexture({
      label: 'picture',
      size: [Math.max(across, width), Math.max(down, height)],
      format: 'rgba8unorm',
      usage: textureUsage,
    });
    return this.#texture;
  }

  /** Tells the shader how: what is written here counts for the next submit, and those after it. */
  #tell({ source: { width, height }, place, colours }: ShownPicture): GPUBuffer {
    const placed = place();
    const bytes = headBytes + placed.byteLength;
    if (this.#how === undefined || this.#how.size < bytes) {
      if (this.#how) this.#buffers.destroy(this.#how);
      this.#how = this.#buffers.create('picture', bytes, usage.storage | usage.copyTo);
    }
    const { queue } = this.#device;
    const head = [...channels(colours.mean), ...channels(colours.std), width, height];
    queue.writeBuffer(this.#how, 0, Float32Array.from(head));
    const { buffer, byteOffset, byteLength } = placed;
    queue.writeBuffer(this.#how, headBytes, buffer, byteOffset, byteLength);
    return this.#how;
  }
}

/** One for each of red, green, blue and alpha, which takes what blue has. */
function channels(given: Preprocess['mean']): number[] {
  const [red, green, blue] = typeof given === 'number' ? [given, given, given] : given;
  return [red, green, blue, blue];
}

/** The element that a number is written as: real numbers are rounded for inputs of whole ones. */
const elementOf: Partial<Record<PlannedPort['dtype'], string>> = {
  float32: 'x',
  int32: 'rounded(x)',
  uint8: 'clamp(rounded(x), 0, 255)',
};

/**
 * WGSL that is the same for all pictures of one program: as write_image and write_mapped of
 * core/image.cpp, step by step, so that equal pixels stay equal.
 */
function shaderOf(
  { isSquare, colours }: Omit<ShownPicture, 'source'>,
  { shape, dtype }: PlannedPort,
): string {
  const [, rows = 0, columns = 0, depth = 0] = shape;
  const grey =
    depth === 1 ? 'value.r = quotients(value.rrrr + value.gggg + value.bbbb, vec4f(3)).r;' : '';
  const written = Array.from({ length: depth }, (_, c) => `write(at + ${c}, value[${c}]);`);
  return `
struct Tap { first: i32, second: i32, way: f32 }
struct How {
  mean: vec4f,
  deviation: vec4f,
  size: vec2f,
  placed: ${isSquare ? 'array<vec2f, 3>' : 'array<Tap>'},
}
@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var<storage, read> how: How;
@group(0) @binding(2) var<storage, read_write> elements: array<${dtype === 'float32' ? 'f32' : 'i32'}>;

// Halves away from zero.
fn rounded(x: f32) -> i32 {
  return i32(sign(x) * floor(abs(x) + 0.5));
}
fn write(at: u32, x: f32) {
  elements[at] = ${elementOf[dtype] ?? 'x'};
}

// From 0 to 255; black outside.
fn pixel(x: i32, y: i32) -> vec4f {
  if (x < 0 || y < 0 || x >= i32(how.size.x) || y >= i32(how.size.y)) { return vec4f(0); }
  return round(255.0 * textureLoad(picture, vec2i(x, y), 0));
}
fn between(across: Tap, down: Tap) -> vec4f {
  let upper_left = pixel(across.first, down.first);
  let upper = upper_left + (pixel(across.second, down.first) - upper_left) * across.way;
  let lower_left = pixel(across.first, down.second);
  let lower = lower_left + (pixel(across.second, down.second) - lower_left) * across.way;
  return upper + (lower - upper) * down.way;
}
${isSquare ? placeInSquare : placeByTaps}
// Devices may divide less exactly than processors, which counts where the result is rounded down.
fn quotients(a: vec4f, b: vec4f) -> vec4f {
  let near = a / b;
  return near + (a - near * b) / b;
}

@compute @workgroup_size(${groupSide}, ${groupSide})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= ${columns} || id.y >= ${rows}) { return; }
  var value = valueAt(id.x, id.y);
  ${grey}
  value = quotients(value - how.mean, how.deviation);
  ${colours.binarize ? 'value = floor(value);' : ''}
  let at = (id.y * ${columns} + id.x) * ${depth};
  ${written.join('\n  ')}
}
`.replaceAll('COLUMNS', `${columns}`);
}

/** Every column and every row has its tap. */
const placeByTaps = `
fn valueAt(column: u32, row: u32) -> vec4f {
  return between(how.placed[column], how.placed[COLUMNS + row]);
}
`;

/** Places follow from that of the first element, and the steps across and down. */
const placeInSquare = `
fn tap(at: f32) -> Tap {
  let first = floor(at);
  return Tap(i32(first), i32(first) + 1, at - first);
}
fn valueAt(column: u32, row: u32) -> vec4f {
  let at = how.placed[0] + f32(column) * how.placed[1] + f32(row) * how.placed[2];
  // Not a number is outside, too.
  if (!(all(at > vec2f(-1)) && all(at < how.size))) { return vec4f(0); }
  return between(tap(at.x), tap(at.y));
}
`;
