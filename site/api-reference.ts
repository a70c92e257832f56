// The reference of the package: one page for each entry point of package.json, from the types that it publishes.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ts } from '@ts-morph/common';
import { format } from 'prettier';

/** Entry points that have no page: all of the first is in `client`, and the others are for pages without a bundler or for tools. */
const left = new Set(['.', './package.json']);

interface ApiPage {
  /** Of the entry point: `client` for `heddle/client`. */
  readonly name: string;
  readonly text: string;
}

interface Entry {
  readonly name: string;
  readonly types: string;
}

/** What is told of one exported name. */
interface Told {
  readonly name: string;
  readonly kind: Kind;
  readonly declarations: readonly ts.Declaration[];
}

const kinds = ['Classes', 'Functions', 'Values', 'Types'] as const;
type Kind = (typeof kinds)[number];

const printer = ts.createPrinter({ removeComments: true });

/** Pages of all entry points that have types. The package must have been built. */
export async function apiPages(root: string): Promise<ApiPage[]> {
  const entries = entriesOf(root);
  const program = ts.createProgram(
    entries.map(({ types }) => types),
    { module: ts.ModuleKind.NodeNext, skipLibCheck: true, types: [], noEmit: true },
  );
  const checker = program.getTypeChecker();
  const pages: ApiPage[] = [];
  for (const entry of entries) {
    const file = program.getSourceFile(entry.types);
    const symbol = file && checker.getSymbolAtLocation(file);
    if (file === undefined || symbol === undefined)
      throw new Error(`${entry.types} is not there: build the package first`);
    const told = checker.getExportsOfModule(symbol).map((one) => tell(checker, one));
    pages.push({ name: entry.name, text: await pageOf(entry.name, told) });
  }
  return pages;
}

function entriesOf(root: string): Entry[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types?: string }>;
  };
  return Object.entries(exports).flatMap(([path, target]) =>
    left.has(path) || typeof target === 'string' || target.types === undefined
      ? []
      : [{ name: path.slice(2), types: join(root, target.types) }],
  );
}

function tell(checker: ts.TypeChecker, exported: ts.Symbol): Told {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const { name } = exported;
  return { name, kind: kindOf(symbol), declarations: symbol.declarations ?? [] };
}

function kindOf({ flags }: ts.Symbol): Kind {
  if (flags & ts.SymbolFlags.Class) return 'Classes';
  if (flags & ts.SymbolFlags.Function) return 'Functions';
  return flags & ts.SymbolFlags.Variable ? 'Values' : 'Types';
}

async function pageOf(name: string, told: readonly Told[]): Promise<string> {
  const names = new Set(told.map((one) => one.name));
  const parts = [`# heddle/${name}`, `Everything here is imported from \`heddle/${name}\`.`];
  for (const kind of kinds) {
    const ofKind = told.filter((one) => one.kind === kind).sort((a, b) => a.name.localeCompare(b.name));
    if (ofKind.length === 0) continue;
    parts.push(`## ${kind}`);
    for (const one of ofKind) parts.push(await sectionOf(one, names));
  }
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

async function sectionOf({ name, declarations }: Told, names: ReadonlySet<string>): Promise<string> {
  const parts = [`### ${name}`];
  const docs = new Set(declarations.map(docOf));
  parts.push(...docs);
  const code = declarations.map((one) =>
    printer.printNode(ts.EmitHint.Unspecified, shownPart(one), one.getSourceFile()),
  );
  parts.push(`\`\`\`ts\n${await pretty(code.join('\n'))}\n\`\`\``);
  parts.push(declarations.flatMap(membersOf).join('\n'));
  const used = [...new Set(declarations.flatMap(namesIn))].filter((one) => names.has(one) && one !== name);
  if (used.length > 0) parts.push(`See ${used.map((one) => `[${one}](#${one.toLowerCase()})`).join(', ')}.`);
  return parts.filter((part) => part !== '').join('\n\n');
}

/** A declaration without what is private to it; a variable with its keyword. */
function shownPart(declaration: ts.Declaration): ts.Node {
  if (ts.isVariableDeclaration(declaration)) return declaration.parent.parent;
  if (!ts.isClassDeclaration(declaration)) return declaration;
  const { modifiers, name, typeParameters, heritageClauses, members } = declaration;
  return ts.factory.updateClassDeclaration(
    declaration,
    modifiers,
    name,
    typeParameters,
    heritageClauses,
    members.filter((member) => !isPrivate(member)),
  );
}

function isPrivate(member: ts.ClassElement): boolean {
  const isHidden = (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) !== 0;
  return isHidden || (member.name !== undefined && ts.isPrivateIdentifier(member.name));
}

async function pretty(code: string): Promise<string> {
  const bare = code.replace(/^(?:export )?(?:default )?declare /gm, '').replace(/^export /gm, '');
  const formatted = await format(bare, { parser: 'typescript', printWidth: 88, singleQuote: true });
  return formatted.trim();
}

/** The members that have a comment of their own, as a list. */
function membersOf(declaration: ts.Declaration): string[] {
  if (ts.isClassDeclaration(declaration))
    return declaration.members.filter((member) => !isPrivate(member)).flatMap(memberLine);
  if (ts.isInterfaceDeclaration(declaration)) return declaration.members.flatMap(memberLine);
  if (ts.isTypeAliasDeclaration(declaration)) return inType(declaration.type);
  return [];
}

function inType(type: ts.TypeNode): string[] {
  if (ts.isTypeLiteralNode(type)) return type.members.flatMap(memberLine);
  return ts.isUnionTypeNode(type) || ts.isIntersectionTypeNode(type) ? type.types.flatMap(inType) : [];
}

function memberLine(member: ts.ClassElement | ts.TypeElement): string[] {
  const doc = docOf(member);
  if (doc === '') return [];
  const isCallable = ts.isMethodDeclaration(member) || ts.isMethodSignature(member);
  const name = member.name?.getText() ?? (ts.isConstructorDeclaration(member) ? 'constructor' : '');
  return [`- \`${name}${isCallable ? '()' : ''}\`: ${doc.replace(/\n+/g, ' ')}`];
}

/** The text of a comment, as Markdown. */
function docOf(node: ts.Node): string {
  const owner = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return ts
    .getJSDocCommentsAndTags(owner)
    .filter(ts.isJSDoc)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
    .join('\n\n')
    .replace(/\{@link (\w+)\}/g, '`$1`')
    .trim();
}

/** Names of types in a declaration. */
function namesIn(node: ts.Node): string[] {
  const found: string[] = [];
  const visit = (one: ts.Node): void => {
    if (ts.isTypeReferenceNode(one) && ts.isIdentifier(one.typeName)) found.push(one.typeName.text);
    if (ts.isExpressionWithTypeArguments(one) && ts.isIdentifier(one.expression))
      found.push(one.expression.text);
    one.forEachChild(visit);
  };
  visit(node);
  return found;
}
