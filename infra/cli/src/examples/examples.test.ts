import { describe, expect, it } from '@jest/globals';
import { jobOf, personOf } from './salary.ts';
import { wineOf } from './wine.ts';

const nobody = Object.fromEntries(
  ['profocc', 'clerocc', 'servocc', 'construc', 'ndurman', 'trcommpu', 'trade', 'services', 'profserv'].map((flag) => [
    flag,
    '0',
  ]),
);

describe('a person of the survey', () => {
  it('has an age by the definition of experience, a title by its flags, and a salary of a year of hours', () => {
    const cells = {
      ...nobody,
      wage: '5.25',
      educ: '12',
      exper: '22',
      tenure: '2',
      female: '1',
      servocc: '1',
      services: '1',
    };
    const person = personOf(cells, 7);
    expect(person).toEqual({
      id: 7,
      gender: 'female',
      age: 40,
      education: 12,
      jobTitle: 'Service worker, services',
      seniority: 'regular',
      yearsOfExperience: 22,
      salary: 10_920,
    });
    expect(jobOf(person)).toEqual({
      id: 7,
      at: '2026-01-01T00:07:00.000Z',
      jobTitle: 'Service worker, services',
      seniority: 'regular',
      yearsOfExperience: 22,
    });
  });

  it('without any flag is a worker', () => {
    const cells = { ...nobody, wage: '3.1', educ: '8', exper: '1', tenure: '0', female: '0' };
    expect(personOf(cells, 1)).toMatchObject({ jobTitle: 'Worker', gender: 'male', seniority: 'junior', age: 15 });
  });
});

it('a wine has its measures, and not its cultivar', () => {
  const cells = [
    '14.23',
    '1.71',
    '2.43',
    '15.6',
    '127',
    '2.8',
    '3.06',
    '.28',
    '2.29',
    '5.64',
    '1.04',
    '3.92',
    '1065',
    '0',
  ];
  const wine = wineOf(cells, 1);
  expect(Object.keys(wine)).toHaveLength(15);
  expect(wine).toMatchObject({
    id: 1,
    at: '2026-01-01T00:01:00.000Z',
    alcohol: 14.23,
    nonflavanoid_phenols: 0.28,
    proline: 1065,
  });
});
