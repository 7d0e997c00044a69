import type { Value } from '@bifold/core/engine';

/**
 * Models of a few trees, drawn at random, and what they say of a record: written for tests, and
 * shared with nothing that scores.
 */

type Draw = (below: number) => number;

interface Leaf {
  readonly value: readonly number[];
}
interface Fork {
  readonly input: number;
  readonly threshold: number;
  readonly left: Node;
  readonly right: Node;
}
type Node = Leaf | Fork;

interface DrawnFeature {
  readonly field: string;
  readonly impute: Value;
  readonly categories: readonly string[] | null;
}

export interface DrawnModel {
  readonly name: string;
  readonly version: string;
  readonly classes: readonly string[] | null;
  readonly features: readonly DrawnFeature[];
  readonly trees: readonly Node[];
}

const THRESHOLDS = [-0.25, 0, 0.1, 0.5, 0.75, 1, 2.5, 3];

/** @param features by name: the categories of a category, null for a number */
export function drawModel(
  draw: Draw,
  name: string,
  version: string,
  features: Readonly<Record<string, readonly string[] | null>>,
  classes: readonly string[] | null,
): DrawnModel {
  const drawn = Object.entries(features).map(([field, categories]): DrawnFeature => {
    const impute =
      categories === null ? draw(4) : draw(2) === 0 ? null : (categories[draw(categories.length)] as string);
    return { field, impute, categories };
  });
  const inputs = drawn.reduce((count, { categories }) => count + (categories?.length ?? 1), 0);
  const nodeOf = (depth: number): Node => {
    if (depth === 3 || (depth > 0 && draw(4) === 0)) {
      const shares = (classes ?? [0]).map(() => (draw(2001) - 1000) / 7);
      return { value: shares };
    }
    const threshold = THRESHOLDS[draw(THRESHOLDS.length)] as number;
    return { input: draw(inputs), threshold, left: nodeOf(depth + 1), right: nodeOf(depth + 1) };
  };
  return { name, version, classes, features: drawn, trees: Array.from({ length: 1 + draw(4) }, () => nodeOf(0)) };
}

/** The numbers that a model says of a record: one, or one for each class. */
function saidOf({ features, trees }: DrawnModel, record: Readonly<Record<string, Value>>): readonly number[] {
  const inputs = features.flatMap(({ field, impute, categories }) => {
    const value = record[field] ?? impute;
    if (categories === null) return [Math.fround(Number(value))];
    return categories.map((category) => (value !== null && String(value) === category ? 1 : 0));
  });
  const leafOf = (node: Node): readonly number[] =>
    'value' in node ? node.value : leafOf((inputs[node.input] as number) <= node.threshold ? node.left : node.right);
  const leaves = trees.map(leafOf);
  return (leaves[0] as readonly number[]).map(
    (_, output) => leaves.reduce((sum, leaf) => sum + (leaf[output] as number), 0) / trees.length,
  );
}

/** The value of a regression. */
export function numberOf(model: DrawnModel, record: Readonly<Record<string, Value>>): number {
  return (saidOf(model, record)[0] as number) + 0;
}

/** The class of a classification, and how probable it is. */
export function classOf(model: DrawnModel, record: Readonly<Record<string, Value>>): readonly [string, number] {
  const said = saidOf(model, record);
  const index = said.indexOf(Math.max(...said));
  return [model.classes?.[index] as string, (said[index] as number) + 0];
}

/** The model as training writes it. */
export function fileOf({ name, version, classes, features, trees }: DrawnModel): object {
  const flat = (root: Node) => {
    const nodes: Node[] = [];
    const left: number[] = [];
    const right: number[] = [];
    const visit = (node: Node): number => {
      const index = nodes.push(node) - 1;
      const isLeaf = 'value' in node;
      left[index] = isLeaf ? -1 : visit(node.left);
      right[index] = isLeaf ? -1 : visit(node.right);
      return index;
    };
    visit(root);
    return {
      feature: nodes.map((node) => ('value' in node ? -1 : node.input)),
      threshold: nodes.map((node) => ('value' in node ? -2 : node.threshold)),
      left,
      right,
      value: nodes.map((node) => ('value' in node ? node.value : (classes ?? [0]).map(() => 0))),
    };
  };
  return {
    format: 1,
    name,
    version,
    task: classes === null ? 'regression' : 'classification',
    classes,
    features: features.map(({ field, impute, categories }) =>
      categories === null
        ? { field, type: 'number', impute, mean: 0, scale: 1 }
        : { field, type: 'category', impute, categories },
    ),
    model: { kind: 'forest', trees: trees.map(flat) },
    featurePlan: 'drawn',
  };
}
