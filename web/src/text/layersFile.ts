// The model.json of a voice: what is changed when it is read, and what is added when it is written.
import type { ModelFiles } from '../layers/layersModel.js';
import { fail, isRecord, parseRecord } from '../library.js';
import type { VoiceCard } from './types.js';

/** What model.json tells of a voice, under `userDefinedMetadata.voice`. */
export interface VoiceNotes {
  vocabulary: string[];
  card: VoiceCard | null;
}

type Json = Record<string, unknown>;

/** The model.json of a voice, parsed. */
export class LayersFile {
  readonly content: Json;

  /** @param name what messages call it */
  constructor(name: string, bytes: Uint8Array) {
    const content = parseRecord(new TextDecoder().decode(bytes));
    if (typeof content === 'string') {
      fail(`${name}: this is not JSON`, { reason: content }, 'copy the file again');
    }
    this.content = content;
  }

  /** Layers in order, those inside of others among them. */
  layers(): { className: string; config: Json }[] {
    const found: { className: string; config: Json }[] = [];
    const visit = (value: unknown): void => {
      if (Array.isArray(value)) {
        for (const each of value) visit(each);
      } else if (isRecord(value)) {
        const { class_name: className, config } = value;
        if (typeof className === 'string' && isRecord(config) && 'name' in config) {
          found.push({ className, config });
        }
        for (const each of Object.values(value)) visit(each);
      }
    };
    visit(this.content.modelTopology);
    return found;
  }

  /**
   * Says whether recurrent layers keep what they remember from batch to batch, as training needs it.
   * Files say that they do not: TensorFlow.js reads no others without a fixed batch.
   */
  setStateful(stateful: boolean): void {
    for (const { className, config } of this.layers()) {
      if (isRecurrent(className)) config.stateful = stateful;
      const shape = config.batch_input_shape;
      if (Array.isArray(shape) && shape.length > 1) {
        config.batch_input_shape = [null, null, ...shape.slice(2)];
      }
    }
  }

  /** What it tells of the voice; undefined where it tells nothing. */
  notes(address: string): VoiceNotes | undefined {
    const { userDefinedMetadata } = this.content;
    const voice = isRecord(userDefinedMetadata) ? userDefinedMetadata.voice : undefined;
    return voice === undefined ? undefined : readNotes(address, voice);
  }

  note(notes: VoiceNotes): void {
    const { userDefinedMetadata } = this.content;
    const before = isRecord(userDefinedMetadata) ? userDefinedMetadata : {};
    this.content.userDefinedMetadata = { ...before, voice: notes };
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(JSON.stringify(this.content));
  }
}

/** Checks what a file tells of a voice: it is hostile until then. */
export function readNotes(address: string, voice: unknown): VoiceNotes {
  const { vocabulary, card } = isRecord(voice) ? voice : {};
  const isTexts = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((each) => typeof each === 'string');
  if (!isTexts(vocabulary)) {
    fail(
      'charRNN: what the file tells of its characters cannot be read',
      { address, needed: '"vocabulary": [" ", "e", …]' },
      'the file as save() wrote it, or the option vocabulary',
    );
  }
  return { vocabulary, card: readCard(card) };
}

/** A card with everything that it must have; null where there is none. */
export function readCard(given: unknown): VoiceCard | null {
  if (!isRecord(given)) return null;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const number = (value: unknown) =>
    typeof value === 'number' && Number.isFinite(value) ? value : null;
  return {
    title: text(given.title),
    author: text(given.author),
    source: text(given.source),
    consent: text(given.consent),
    date: text(given.date),
    characters: number(given.characters) ?? 0,
    loss: number(given.loss),
    valLoss: number(given.valLoss),
  };
}

/** The files of a voice from those of its model: they tell its characters and its card. */
export function withNotes(files: ModelFiles, notes: VoiceNotes, stateful = false): ModelFiles {
  const result: ModelFiles = new Map(files);
  const file = new LayersFile('model.json', files.get('model.json') ?? new Uint8Array());
  file.setStateful(stateful);
  file.note(notes);
  result.set('model.json', file.bytes());
  return result;
}

export function isRecurrent(className: string): boolean {
  return className === 'LSTM' || className === 'GRU' || className === 'SimpleRNN';
}
