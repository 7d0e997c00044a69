export {
  airlines,
  type Departure,
  departures,
  ensureFlights,
  type Flights,
  type Leg,
  legs,
  planes,
} from './cloud/flights.ts';
export { onnxRuntimeOf } from './training/onnx.ts';
export { ensureTrainingPython } from './training/python.ts';
export { type Trained, type TrainingPlaces, trainFromFile } from './training/train.ts';
