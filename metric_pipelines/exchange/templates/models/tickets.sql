--en: A model is one SELECT over source tables and other models.
--zh: 一个模型就是一条 SELECT，取自源表或其他模型。
select
    ticket_id,
    opened_on,
    topic,
    hours
from example.tickets
