// What a drop brings: files, or all files of the folders among it.

const folders = new WeakMap<File, string>(); // of the files that were dropped in folders

/** The name of the folder in which a file was dropped or chosen: "cups"; '' for one that came alone. */
export function folderOf(file: File): string {
  return folders.get(file) ?? file.webkitRelativePath.split('/').at(-2) ?? '';
}

/** The files of a drop. Call it at once: the browser empties a transfer after the event. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const files = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  if (!entries.some((entry) => entry?.isDirectory)) return files;
  const inside = await Promise.all(entries.map((entry) => (entry ? filesIn(entry) : [])));
  return inside.flat();
}

async function filesIn(entry: FileSystemEntry): Promise<File[]> {
  if (entry instanceof FileSystemFileEntry) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    folders.set(file, entry.fullPath.split('/').at(-2) ?? '');
    return [file];
  }
  if (!(entry instanceof FileSystemDirectoryEntry)) return [];
  const reader = entry.createReader();
  const files: File[] = [];
  for (;;) {
    // A reader gives at most 100 entries a time, and none at the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (entries.length === 0) return files;
    files.push(...(await Promise.all(entries.map(filesIn))).flat());
  }
}

/**
 * Lets the whole page take drops, with a class on the body while something hovers over it.
 *
 * @param take given the files, and the element on which they fell
 */
export function takeDrops(take: (files: File[], on: Element | null) => void): void {
  let over = 0; // enter and leave are told for every element on the way
  const end = () => {
    over = 0;
    document.body.classList.remove('dropping');
  };
  window.addEventListener('dragenter', () => {
    over += 1;
    document.body.classList.add('dropping');
  });
  window.addEventListener('dragleave', () => {
    over -= 1;
    if (over <= 0) end();
  });
  window.addEventListener('dragover', (event) => event.preventDefault());
  window.addEventListener('drop', async (event) => {
    event.preventDefault();
    end();
    const on = event.target instanceof Element ? event.target : null;
    if (event.dataTransfer) take(await droppedFiles(event.dataTransfer), on);
  });
}
