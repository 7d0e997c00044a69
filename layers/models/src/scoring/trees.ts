import type { Tree } from '../model-file/model-file.ts';

/**
 * The nodes of all trees of a model in typed arrays. The data of a walk is adjacent in memory, and
 * a walk allocates nothing. Only leaves have values.
 */
export class PackedTrees {
  private readonly roots: Int32Array;
  /** The feature of a node. At a leaf it is -1 minus the position of its values. */
  private readonly feature: Int32Array;
  private readonly threshold: Float64Array;
  private readonly left: Int32Array;
  private readonly right: Int32Array;
  private readonly values: Float64Array;
  readonly count: number;

  constructor(trees: readonly Tree[], outputs: number) {
    const nodes = trees.reduce((total, tree) => total + tree.feature.length, 0);
    const leaves = trees.reduce((total, tree) => total + tree.feature.filter((input) => input < 0).length, 0);
    this.count = trees.length;
    this.roots = new Int32Array(trees.length);
    this.feature = new Int32Array(nodes);
    this.threshold = new Float64Array(nodes);
    this.left = new Int32Array(nodes);
    this.right = new Int32Array(nodes);
    this.values = new Float64Array(leaves * outputs);
    let first = 0;
    let values = 0;
    for (const [treeIndex, tree] of trees.entries()) {
      this.roots[treeIndex] = first;
      for (let index = 0; index < tree.feature.length; index++) {
        const node = first + index;
        const input = tree.feature[index] as number;
        if (input < 0) {
          this.feature[node] = -1 - values;
          this.values.set(tree.value[index] as readonly number[], values);
          values += outputs;
          continue;
        }
        this.feature[node] = input;
        this.threshold[node] = tree.threshold[index] as number;
        this.left[node] = first + (tree.left[index] as number);
        this.right[node] = first + (tree.right[index] as number);
      }
      first += tree.feature.length;
    }
  }

  /** The position of the values of the leaf for these inputs. */
  private leafOf(tree: number, inputs: Float32Array): number {
    const { feature, threshold, left, right } = this;
    let node = this.roots[tree] as number;
    for (;;) {
      const input = feature[node] as number;
      if (input < 0) return -1 - input;
      node = ((inputs[input] as number) <= (threshold[node] as number) ? left[node] : right[node]) as number;
    }
  }

  /**
   * Adds the leaves of all trees to `sums`, tree by tree, in the order of scikit-learn's forests.
   */
  addAll(inputs: Float32Array, sums: Float64Array): void {
    const outputs = sums.length;
    for (let tree = 0; tree < this.count; tree++) {
      const leaf = this.leafOf(tree, inputs);
      for (let output = 0; output < outputs; output++)
        sums[output] = (sums[output] as number) + (this.values[leaf + output] as number);
    }
  }

  /**
   * Adds `rate` times the leaf of each tree, in the order of scikit-learn's boosting: stage by
   * stage, and by output within a stage.
   */
  addStages(inputs: Float32Array, rate: number, sums: Float64Array): void {
    const outputs = sums.length;
    for (let tree = 0; tree < this.count; tree++) {
      const output = tree % outputs;
      sums[output] = (sums[output] as number) + rate * (this.values[this.leafOf(tree, inputs)] as number);
    }
  }
}
