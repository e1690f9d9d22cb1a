// What the shop sells. The list is code, not state: every instance of a version has the same one.

export interface Product {
  /** The word the API and the addresses use. */
  readonly sku: string
  readonly name: string
  /** In cents, tax included. Money is never a fraction here. */
  readonly price: number
  /** One line, for the product list. */
  readonly line: string
  readonly story: string
  readonly facts: readonly string[]
}

export const products: readonly Product[] = [
  {
    sku: 'mug',
    name: 'Hearth mug',
    price: 1_800,
    line: 'Stoneware that keeps its warmth',
    story:
      'Thrown by hand from speckled clay and dipped in a milk glaze that stops wherever it likes. The handle takes three fingers, the fourth rests underneath.',
    facts: ['Holds 350 ml', 'Dishwasher and oven safe', 'No two glaze lines alike'],
  },
  {
    sku: 'lamp',
    name: 'Dusk lamp',
    price: 8_900,
    line: 'A small sun for the side table',
    story:
      'A mustard steel shade throws a wide, low pool of light: enough to read by, soft enough to fall asleep under. Pull the cord once for bright, twice for dim.',
    facts: ['Height 42 cm', 'E27 bulb, included', 'Two metres of braided cord'],
  },
  {
    sku: 'teapot',
    name: 'Orchard teapot',
    price: 4_600,
    line: 'Pours without a single drip',
    story:
      'Glazed the green of late apples, with a cane handle that stays cool. The spout was redrawn eleven times until the last drop learned to go back inside.',
    facts: ['Holds 900 ml', 'Steel strainer', 'Serves four, or one very patient reader'],
  },
  {
    sku: 'blanket',
    name: 'Drover blanket',
    price: 12_400,
    line: 'Heavy wool for light sleepers',
    story:
      'Woven from undyed and madder-red wool on looms that are older than anyone who runs them. Made for cold hills; equally at home on a sofa.',
    facts: ['140 × 200 cm', 'Pure new wool', 'Knotted fringe'],
  },
  {
    sku: 'notebook',
    name: 'Field notebook',
    price: 1_450,
    line: 'For lists, maps and second thoughts',
    story:
      'Thread-bound so that it lies flat on a knee, with paper that takes ink, pencil and a little rain. The pencil is in the parcel too.',
    facts: ['A5, 160 pages, dot grid', 'Linen cover', 'Pencil included'],
  },
  {
    sku: 'plant',
    name: 'Windowsill fig',
    price: 3_200,
    line: 'Forgives a missed watering',
    story:
      'A broad-leaved fig, grown slowly and sent in its terracotta pot. It likes morning light, a drink on Sundays, and being turned once a week.',
    facts: ['About 45 cm tall', 'Pot and saucer included', 'Keep away from cats'],
  },
  {
    sku: 'clock',
    name: 'Mantel clock',
    price: 6_700,
    line: 'Keeps time, keeps quiet',
    story:
      'A walnut arch with a brass ring and a movement that sweeps rather than ticks. It tells the time and asks for nothing, least of all attention.',
    facts: ['Height 24 cm', 'Silent sweep movement', 'One AA battery a year'],
  },
  {
    sku: 'candle',
    name: 'Lantern candle',
    price: 2_250,
    line: 'Beeswax, a brass dish, fifty evenings',
    story:
      'Pure beeswax in a brass chamber dish that catches every drip. It smells faintly of honey, and of nothing else.',
    facts: ['Burns about 50 hours', 'Cotton wick', 'Dish outlives the candle'],
  },
]

const bySku = new Map(products.map((product) => [product.sku, product]))

export function findProduct(sku: string): Product | undefined {
  return bySku.get(sku)
}
