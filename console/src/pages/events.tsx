import { useState } from 'react';
import { useLive } from '../live';
import type { Event } from '../api/types';
import { dateTime } from '../format';
import { FormSelect, FormSelectOption } from '../pf';
import { text } from '../text';
import { eventSentence } from '../ui/event-words';
import { Card, PageHead, Status, Table, type Tone } from '../ui/kit';

const TONE: Record<Event['severity'], Tone> = { INFO: 'quiet', WARNING: 'warn', CRITICAL: 'bad' };

export function EventsPage() {
  const { events } = useLive();
  const [filter, setFilter] = useState('all');
  const shown = filter === 'all' ? events : events.filter((event) => event.severity !== 'INFO');
  return (
    <>
      <PageHead
        title={text.events.title}
        lead={text.events.lead}
        actions={
          <FormSelect value={filter} onChange={(_e, value) => setFilter(value)} aria-label={text.events.filter} data-testid="events-filter">
            <FormSelectOption value="all" label={text.events.all} />
            <FormSelectOption value="important" label={text.events.important} />
          </FormSelect>
        }
      />
      <Card className="b-card-flush">
        {shown.length === 0 ? (
          <p className="b-card-pad b-quiet">{text.events.empty}</p>
        ) : (
          <Table label={text.events.title} testId="events-table" columns={[text.events.time, text.events.severity, text.events.message, text.events.kind]}>
            {shown.map((event) => (
              <tr key={event.id}>
                <td data-label={text.events.time} className="b-nowrap">
                  <time dateTime={event.at}>{dateTime(event.at)}</time>
                </td>
                <td data-label={text.events.severity}>
                  <Status tone={TONE[event.severity]}>{text.severity[event.severity]}</Status>
                </td>
                <td data-label={text.events.message} className="b-grow">
                  {eventSentence(event.kind, event.message)}
                </td>
                <td data-label={text.events.kind} className="b-mono b-quiet">
                  {event.kind}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Card>
    </>
  );
}
