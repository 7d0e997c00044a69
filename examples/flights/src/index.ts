export { airframes, legs } from './airframes.ts';
export { airlines, delays, departures, planes } from './delays.ts';
export { delaysExpected, departureDelayModel } from './delays-expected.ts';
export { legsOnce } from './legs-once.ts';
export { weather, weatherDelays } from './weather-delays.ts';
