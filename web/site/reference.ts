// The reference: pages made from the comments in the library's source, by TypeDoc.
import { join } from 'node:path';
import { marked } from 'marked';
import {
  Application,
  type Comment,
  type CommentDisplayPart,
  type DeclarationReflection,
  type ProjectReflection,
  ReflectionKind,
  type SignatureReflection,
  type SomeType,
} from 'typedoc';
import { renderCode } from './highlight.js';
import { escapeHtml } from './html.js';
import type { MadePage, MadePages } from './pages.js';
import { tree } from './places.js';
import { inEnglish, texts } from './texts.js';

/** A page of the reference: what is declared in files whose path below web/src begins like this. */
interface Chapter {
  folder: string;
  title: string;
  description: string;
  files: readonly string[];
}

const chapters: readonly Chapter[] = [
  chapter('pictures', ['tasks/imageClassifier', 'image', 'recipe', 'p5']),
  chapter('voices', ['tasks/charRNN', 'text/']),
  chapter('alike', ['tasks/knnClassifier', 'tasks/maps', 'teach/types', 'analysis']),
  chapter('explaining', ['tasks/explain', 'teach/explain/']),
  chapter('teachable', ['tasks/teachableMachine', 'tasks/exporting', 'teach/teachable/']),
  chapter('teaching', ['tasks/featureExtractor', 'teach/']),
  chapter('examples', ['tasks/neuralNetwork', 'tasks/']),
  chapter('layers', ['layers/layers', 'layers/layer.', 'layers/kinds', 'layers/topology']),
  chapter('training', ['layers/']),
  chapter('models', ['model', 'tensor', 'source']),
  chapter('ml5', ['ml5/']),
  chapter('settings', ['']),
];

function chapter(folder: keyof typeof texts.site.chapters, files: readonly string[]): Chapter {
  const [title = '', description = ''] = texts.site.chapters[folder];
  return { folder, title, description, files };
}

/** A name that can be imported, and the page that tells about it. */
interface Entry {
  reflection: DeclarationReflection;
  chapter: Chapter;
  /** What a program calls it: `sequential`, `ml5.imageClassifier`. */
  name: string;
}

/** What can be imported: `gesso`, and `gesso/ml5`, which tells of names that the first has, too. */
const sources = ['index.ts', 'ml5/index.ts'];

let read: Promise<Entry[]> | undefined;

/** The pages of the reference; the source is read once one of them is wanted. */
export function referencePages(): MadePages {
  const pages = chapters.map((chapter): [string, MadePage] => [
    `reference/${chapter.folder}`,
    { ...chapter, content: () => renderChapter(chapter) },
  ]);
  const page = {
    title: texts.site.reference,
    description: texts.site.referenceCaption,
    content: renderIndex,
  };
  return new Map([['reference', page], ...pages]);
}

function entries(): Promise<Entry[]> {
  read ??= readSource();
  return read;
}

async function readSource(): Promise<Entry[]> {
  const application = await Application.bootstrap({
    entryPoints: sources.map((file) => join(tree, 'web/src', file)),
    tsconfig: join(tree, 'tsconfig.json'),
    excludePrivate: true,
    excludeInternal: true,
    skipErrorChecking: true, // the compiler checks the source elsewhere
    logLevel: 'Error',
  });
  const project: ProjectReflection | undefined = await application.convert();
  if (!project) throw new Error(`TypeDoc could not read ${sources.join(' and ')} in web/src`);
  return (project.children ?? []).flatMap((module) => {
    const isMl5 = module.name.startsWith('ml5');
    const own = (module.children ?? []).filter(
      ({ kind, name }) => kind !== ReflectionKind.Reference && name !== 'default',
    );
    return own.map((reflection): Entry => {
      const file = reflection.sources?.[0]?.fileName.split('web/src/')[1] ?? '';
      const found = chapters.find(({ files }) => files.some((start) => file.startsWith(start)));
      if (!found) throw new Error(`no chapter of the reference tells about ${reflection.name}`);
      const name = isMl5 && isValue(reflection) ? `ml5.${reflection.name}` : reflection.name;
      return { reflection, chapter: found, name };
    });
  });
}

async function renderIndex(): Promise<string> {
  const all = await entries();
  const items = chapters.map((chapter) => {
    const names = all.filter((entry) => entry.chapter === chapter);
    const links = sorted(names)
      .filter(({ reflection }) => isValue(reflection))
      .map(({ name }) => `<a href="./${chapter.folder}/#${name}"><code>${name}</code></a>`);
    return (
      `<li><a class="entry" href="./${chapter.folder}/"><h2>${chapter.title}</h2></a>` +
      `<p>${chapter.description}</p><p class="names" translate="no">${links.join(' ')}</p></li>`
    );
  });
  return (
    `<h1>${texts.site.reference}</h1><p class="caption">${texts.site.referenceCaption}</p>` +
    `<ul class="chapters">${items.join('')}<li><a class="entry" href="../operators/"><h2>${texts.site.operators}</h2></a>` +
    `<p>${texts.site.operatorsCaption}</p></li></ul>`
  );
}

/** Functions and classes: what a program does something with, not only the name of a type. */
function isValue({ kind }: DeclarationReflection): boolean {
  return Boolean(kind & (ReflectionKind.Function | ReflectionKind.Variable | ReflectionKind.Class));
}

function sorted(list: readonly Entry[]): Entry[] {
  return [...list].sort(
    (a, b) =>
      Number(isValue(b.reflection)) - Number(isValue(a.reflection)) || a.name.localeCompare(b.name),
  );
}

async function renderChapter(chapter: Chapter): Promise<string> {
  const all = await entries();
  const own = sorted(all.filter((entry) => entry.chapter === chapter));
  const writer = new Writer(all, chapter);
  const sections = await Promise.all(own.map((entry) => writer.write(entry)));
  const names = own.map(({ name }) => `<li><a href="#${name}"><code>${name}</code></a></li>`);
  const contents = chapters.map((other) => {
    const current = other === chapter ? ' aria-current="page"' : '';
    const below = other === chapter ? `<ul>${names.join('')}</ul>` : '';
    return `<li><a href="../${other.folder}/"${current}>${other.title}</a>${below}</li>`;
  });
  contents.push(`<li><a href="../../operators/">${texts.site.operators}</a></li>`);
  return (
    `<div class="reader"><article class="prose"><h1>${chapter.title}</h1>` +
    `<p class="lead">${chapter.description}</p>` +
    `<div${inEnglish}>${sections.join('\n')}</div></article>` +
    `<nav class="contents" aria-label="${texts.site.allChapters}"><ul>${contents.join('')}</ul></nav></div>`
  );
}

/** A parameter, an option or a property. */
interface Line {
  name: string;
  type: string;
  optional: boolean;
  comment: Comment | undefined;
}

/** Writes what one chapter says; names of other entries become links. */
class Writer {
  private readonly places: ReadonlyMap<string, string>;

  constructor(all: readonly Entry[], chapter: Chapter) {
    // What this chapter says comes last, and so decides on a name that another has, too.
    const own = (entry: Entry) => entry.chapter === chapter;
    const others = all.filter((entry) => !own(entry) && entry.chapter.folder !== 'ml5');
    this.places = new Map([
      ...others.map(({ reflection, chapter: { folder }, name }): [string, string] => [
        reflection.name,
        `../${folder}/#${name}`,
      ]),
      ...all
        .filter(own)
        .map(({ reflection, name }): [string, string] => [reflection.name, `#${name}`]),
    ]);
  }

  async write({ reflection, name }: Entry): Promise<string> {
    const head = `<h2 id="${name}"><a class="anchor" href="#${name}"><code>${name}</code></a></h2>`;
    const options = optionsOf(reflection.type);
    if (options) {
      const needed = options.some(({ optional }) => !optional);
      const code = `${name}(${needed ? 'options' : 'options?'}): Layer`;
      return (
        head +
        (await this.code(code)) +
        (await this.text(reflection.comment)) +
        (await this.lines(options))
      );
    }
    const signatures = reflection.signatures ?? [];
    if (signatures.length > 0) return head + (await this.calls(name, signatures));
    if (reflection.kind & (ReflectionKind.Interface | ReflectionKind.Class)) {
      return head + (await this.text(reflection.comment)) + (await this.members(reflection));
    }
    const type = reflection.type?.toString() ?? '';
    const declared =
      reflection.kind & ReflectionKind.TypeAlias ? `type ${name} = ${type}` : `${name}: ${type}`;
    return head + (await this.code(declared)) + (await this.text(reflection.comment));
  }

  private async calls(name: string, signatures: readonly SignatureReflection[]): Promise<string> {
    const parts = signatures.map(async (signature) => {
      const parameters: Line[] = (signature.parameters ?? []).map((parameter) => ({
        name: parameter.name,
        type: parameter.type?.toString() ?? '',
        optional: parameter.flags.isOptional || parameter.defaultValue !== undefined,
        comment: parameter.comment,
      }));
      const list = parameters.map(
        ({ name, type, optional }) => `${name}${optional ? '?' : ''}: ${type}`,
      );
      const code = `${name}(${list.join(', ')}): ${signature.type?.toString() ?? 'void'}`;
      const told = parameters.filter(({ comment }) => comment);
      return (
        (await this.code(code)) + (await this.text(signature.comment)) + (await this.lines(told))
      );
    });
    return (await Promise.all(parts)).join('');
  }

  private async members(reflection: DeclarationReflection): Promise<string> {
    const all = (reflection.children ?? []).filter(
      ({ kind, flags }) => kind !== ReflectionKind.Constructor && !flags.isProtected,
    );
    const properties = all.filter(({ signatures }) => !signatures);
    const lines = properties.map(
      (child): Line => ({
        name: child.name,
        type: (child.type ?? child.getSignature?.type)?.toString() ?? '',
        optional: child.flags.isOptional,
        comment: child.comment ?? child.getSignature?.comment,
      }),
    );
    const methods = all
      .filter(({ signatures }) => signatures)
      .map(async ({ name, signatures = [] }) => {
        const id = `${reflection.name}.${name}`;
        const calls = await this.calls(name, signatures);
        return `<h3 id="${id}"><a class="anchor" href="#${id}"><code>${name}</code></a></h3>${calls}`;
      });
    return (await this.lines(lines)) + (await Promise.all(methods)).join('');
  }

  private async lines(list: readonly Line[]): Promise<string> {
    const items = list.map(async ({ name, type, optional, comment }) => {
      const mark = optional ? '' : ` <span class="needed">${texts.site.needed}</span>`;
      return (
        `<div><dt><code>${name}</code>${mark} <code class="type">${this.linked(type)}</code></dt>` +
        `<dd>${await this.text(comment)}</dd></div>`
      );
    });
    return items.length > 0 ? `<dl class="lines">${(await Promise.all(items)).join('')}</dl>` : '';
  }

  private async text(comment: Comment | undefined): Promise<string> {
    if (!comment) return '';
    const parts = [await this.markdown(comment.summary)];
    for (const { tag, content } of comment.blockTags) {
      const title = { '@returns': texts.site.returns, '@throws': texts.site.throws }[tag as string];
      if (title) parts.push(`<p class="tag"><b>${title}</b></p>${await this.markdown(content)}`);
    }
    return parts.join('');
  }

  private async markdown(parts: readonly CommentDisplayPart[]): Promise<string> {
    const tokens = marked.lexer(parts.map(({ text }) => text).join(''));
    const rendered = tokens.map((token) =>
      token.type === 'code'
        ? renderCode(String(token.text), token.lang || 'js')
        : this.linkNames(marked.parser([token])),
    );
    return (await Promise.all(rendered)).join('');
  }

  /** `ImageSource` in a comment leads to what is said about it. */
  private linkNames(html: string): string {
    return html.replace(/<code>(\w+)<\/code>/g, (whole, name) => {
      const place = this.places.get(name);
      return place ? `<a href="${place}">${whole}</a>` : whole;
    });
  }

  /** A type, its names linked. */
  private linked(type: string): string {
    return escapeHtml(type).replace(/\b[A-Z]\w+\b/g, (name) => {
      const place = this.places.get(name);
      return place ? `<a href="${place}">${name}</a>` : name;
    });
  }

  private async code(text: string): Promise<string> {
    const long = text.length > 76 ? folded(text) : text;
    const html = await renderCode(long, 'ts');
    return html.replace(/>(\s*)([A-Z]\w+)(\s*)</g, (whole, before, name, after) => {
      const place = this.places.get(name);
      return place ? `>${before}<a href="${place}">${name}</a>${after}<` : whole;
    });
  }
}

/** A call with a line for each parameter. */
function folded(text: string): string {
  let depth = 0;
  let line = '';
  for (const [i, letter] of [...text].entries()) {
    const opens = '([{<'.includes(letter);
    const closes = ')]}'.includes(letter) || (letter === '>' && text[i - 1] !== '=');
    if (closes) depth -= 1;
    if (letter === ')' && depth === 0) line += '\n';
    line += letter;
    if (opens) depth += 1;
    if (letter === '(' && depth === 1) line += '\n  ';
    if (letter === ',' && depth === 1) line += '\n ';
  }
  return line;
}

/**
 * The options of a layer, which are declared in shared parts; undefined for anything else. (Their type is a
 * function of `LayerOptions<A & B & …>`, each part an object of `Absent<T>` and `Needed<T>`.)
 */
function optionsOf(type: SomeType | undefined): Line[] | undefined {
  if (type?.type !== 'reflection') return undefined;
  const [parameter] = type.declaration.signatures?.[0]?.parameters ?? [];
  if (parameter?.type?.type !== 'reference' || parameter.type.name !== 'LayerOptions')
    return undefined;
  const [argument] = parameter.type.typeArguments ?? [];
  const parts = argument?.type === 'intersection' ? argument.types : argument ? [argument] : [];
  const lines = parts.flatMap((part) =>
    part.type === 'reflection' ? (part.declaration.children ?? []) : [],
  );
  return lines
    .map((child): Line => {
      const wrapped = child.type?.type === 'reference' ? child.type : undefined;
      return {
        name: child.name,
        type: (wrapped?.typeArguments?.[0] ?? child.type)?.toString() ?? '',
        optional: wrapped?.name !== 'Needed',
        comment: child.comment,
      };
    })
    .sort((a, b) => Number(a.optional) - Number(b.optional));
}
