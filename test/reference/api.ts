import { join, relative } from 'node:path';
import ts from 'typescript';
import { root } from '../gates/run.ts';
import { PACKAGES } from './groups.ts';

/** An example of a doc comment, and the line on which its code begins. */
export interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/** A parameter, an option, or a member of a type. */
export interface Described {
  readonly name: string;
  readonly isOptional: boolean;
  readonly text: string;
}

/** An error code that a function refuses its input with. */
export interface Refusal {
  readonly code: string;
  readonly when: string;
}

/** A name of the definition API, as its doc comment describes it. */
export interface ApiName {
  readonly name: string;
  readonly package: string;
  readonly kind: 'function' | 'type' | 'class';
  readonly file: string;
  readonly line: number;
  /** Its call with the names of the parameters; null for a type. */
  readonly call: string | null;
  readonly text: string;
  readonly parameters: readonly Described[];
  readonly members: readonly Described[];
  readonly refusals: readonly Refusal[];
  readonly examples: readonly Example[];
}

type Signature = ts.FunctionDeclaration | ts.ArrowFunction;

/** Reads the exported names of the packages, in the order of their index files. */
export function readApi(packages: Readonly<Record<string, string>> = PACKAGES): readonly ApiName[] {
  const configuration = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent({ ...configuration, include: [] }, ts.sys, root);
  const files = Object.values(packages).map((file) => join(root, file));
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  return Object.entries(packages).flatMap(([name, file]) => {
    const source = program.getSourceFile(join(root, file));
    const index = source && checker.getSymbolAtLocation(source);
    if (index === undefined) throw new Error(`${file} exports nothing`);
    return checker.getExportsOfModule(index).map((symbol) => readName(checker, name, symbol));
  });
}

function readName(checker: ts.TypeChecker, packageName: string, exported: ts.Symbol): ApiName {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const declarations = symbol.declarations ?? [];
  const [first] = declarations;
  if (first === undefined) throw new Error(`${exported.name} has no declaration`);
  const documented =
    declarations.map(documentedNode).find((node) => docOf(node) !== undefined) ?? documentedNode(first);
  const signature = declarations.map(signatureOf).findLast((each) => each !== undefined);
  const tags = ts.getJSDocTags(documented);
  return {
    name: exported.name,
    package: packageName,
    kind: signature !== undefined ? 'function' : ts.isClassDeclaration(first) ? 'class' : 'type',
    ...placeOf(documented),
    call: signature === undefined ? null : callOf(exported.name, signature),
    text: textOf(docOf(documented)?.comment),
    parameters: signature === undefined ? [] : parametersOf(checker, documented, signature),
    members: membersOf(first),
    refusals: tags.filter(ts.isJSDocThrowsTag).map(refusalOf),
    examples: tags.filter((tag) => tag.tagName.text === 'example').map(exampleOf),
  };
}

/** The node that holds the doc comment: of a constant, the statement around it. */
function documentedNode(declaration: ts.Node): ts.Node {
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
}

function docOf(node: ts.Node): ts.JSDoc | undefined {
  return ts.getJSDocCommentsAndTags(node).findLast(ts.isJSDoc);
}

function signatureOf(declaration: ts.Node): Signature | undefined {
  if (ts.isFunctionDeclaration(declaration)) return declaration;
  if (!ts.isVariableDeclaration(declaration) || declaration.initializer === undefined) return undefined;
  return ts.isArrowFunction(declaration.initializer) ? declaration.initializer : undefined;
}

function placeOf(node: ts.Node): { readonly file: string; readonly line: number } {
  const source = node.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(node.getStart(source, true));
  return { file: relative(root, source.fileName), line: line + 1 };
}

/** The plain text of a comment, one paragraph a line. */
function textOf(comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string {
  const text = ts.getTextOfJSDocComment(comment) ?? '';
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replaceAll(/\s+/g, ' ').trim())
    .join('\n\n');
}

function callOf(name: string, { parameters }: Signature): string {
  const shown = parameters.filter(isNotThis).map((parameter) => {
    const isOptional = parameter.questionToken !== undefined || parameter.initializer !== undefined;
    return `${parameter.dotDotDotToken ? '...' : ''}${parameterName(parameter)}${isOptional ? '?' : ''}`;
  });
  return `${name}(${shown.join(', ')})`;
}

/** The type of `this` is declared like a parameter. */
function isNotThis({ name }: ts.ParameterDeclaration): boolean {
  return !ts.isIdentifier(name) || name.text !== 'this';
}

/** A parameter that is taken apart is called `options`. */
function parameterName({ name }: ts.ParameterDeclaration): string {
  return ts.isIdentifier(name) ? name.text : 'options';
}

function parametersOf(checker: ts.TypeChecker, documented: ts.Node, signature: Signature): readonly Described[] {
  const texts = new Map(
    ts
      .getJSDocTags(documented)
      .filter(ts.isJSDocParameterTag)
      .map((tag) => [tag.name.getText(), tagText(tag)]),
  );
  return signature.parameters.flatMap((parameter) => {
    const name = parameterName(parameter);
    const isOptional = parameter.questionToken !== undefined || parameter.initializer !== undefined;
    const described = { name, isOptional, text: texts.get(name) ?? '' };
    return isRecordOfOptions(name) ? [described, ...optionsOf(checker, name, parameter)] : [described];
  });
}

function isRecordOfOptions(name: string): boolean {
  return ['options', 'definition', 'settings'].includes(name);
}

/** The options that a parameter may hold, each with the comment of its declaration. */
function optionsOf(checker: ts.TypeChecker, prefix: string, parameter: ts.ParameterDeclaration): readonly Described[] {
  return checker
    .getTypeAtLocation(parameter)
    .getNonNullableType()
    .getProperties()
    .flatMap((property) => {
      const [declaration] = property.declarations ?? [];
      if (declaration === undefined) return [];
      const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      return [{ name: `${prefix}.${property.name}`, isOptional, text: textOf(docOf(declaration)?.comment) }];
    });
}

/** The public members of a type or class. Brands such as `~event` exist for the compiler alone. */
function membersOf(declaration: ts.Node): readonly Described[] {
  if (!ts.isClassDeclaration(declaration) && !ts.isInterfaceDeclaration(declaration)) return [];
  const members = (declaration.members as ts.NodeArray<ts.ClassElement | ts.TypeElement>).filter(
    (member) => member.name !== undefined && !ts.isStringLiteral(member.name) && !isPrivate(member),
  );
  return members.map((member) => ({
    name: `${member.name?.getText()}${ts.isMethodDeclaration(member) ? callOf('', member as never) : ''}`,
    isOptional: 'questionToken' in member && member.questionToken !== undefined,
    text: textOf(docOf(member)?.comment),
  }));
}

function isPrivate(member: ts.Node): boolean {
  return (
    ts.canHaveModifiers(member) &&
    (ts.getCombinedModifierFlags(member as ts.Declaration) & ts.ModifierFlags.Private) !== 0
  );
}

function tagText(tag: ts.JSDocTag): string {
  return textOf(tag.comment).replace(/^-\s*/, '');
}

function refusalOf(tag: ts.JSDocThrowsTag): Refusal {
  const [code = '', ...when] = tagText(tag).split(' ');
  return { code, when: when.join(' ') };
}

/** Code begins on the line after the tag; the stars of the comment are not part of it. */
function exampleOf(tag: ts.JSDocTag): Example {
  const source = tag.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(tag.getStart());
  const code = ts.getTextOfJSDocComment(tag.comment) ?? '';
  return { file: relative(root, source.fileName), line: line + 2, code };
}
