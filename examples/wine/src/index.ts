export { alcoholModel, wine, wineDrift, wineModel, wines } from './wine.ts';
