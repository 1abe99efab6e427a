// What every page says around its own content, in one place: a translation is another such object.

export const texts = {
  language: 'en',
  site: 'gesso',
  skip: 'Skip to the content',
  home: 'gesso: all demos',
  navigation: 'Site',
  dark: 'Dark colours',
  promise:
    'What leaves this machine: nothing. Pictures, drawings, the camera and whatever you teach stay on this page.',
  storage: 'Models on this device',
  /** Once the service worker has everything. */
  ready: 'This site now works without a network, too.',
  cut: 'There is no network. This site goes on without it.',
  demos: 'Demos',
  guide: 'Guide',
  guideCaption:
    'From the first picture down to tensors, one idea at a time. Read until you have what you need.',
  guides: 'All parts of the guide',
  onThisPage: 'On this page',
  before: 'Before this',
  after: 'Read on',
  reference: 'Reference',
  referenceCaption:
    'Every function, option and type that a sketch can import, from the comments in the source.',
  chapters: 'All chapters of the reference',
  operators: 'Operators',
  operatorsCaption: 'What models are made of, and what runs it on the processor.',
  benchmark: 'Speed',
  stage: 'What the sketch draws',
  lines: (count: number) => `${count} lines`,
  modelCard: (name: string) => `A model card: ${name}`,
  table: 'Table, may scroll sideways',
  linkTo: (heading: string) => `Link to “${heading}”`,
  optional: 'optional',
  options: 'Options',
  returns: 'Gives',
  throws: 'Throws',
  needed: 'needed',
} as const;
