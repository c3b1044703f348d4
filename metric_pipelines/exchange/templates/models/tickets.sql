-- A model is one SELECT over source tables and other models.
select
    ticket_id,
    opened_on,
    topic,
    hours
from example.tickets
