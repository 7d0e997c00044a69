export {
  airlines,
  type Departure,
  departures,
  ensureFlights,
  type Flights,
  type Leg,
  legs,
  planes,
} from './flights.ts';
